import pickle
import time

import numpy as np
import pytest

from smallobjects.pseudo_labels.cams.store import CamStore, write_cams
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.archive import (
    LabelArchives,
    decode_label,
    encode_label,
    write_labels,
)


def some_maps():
    generator = np.random.default_rng(0)
    return {
        "2007_000032": (np.array([3, 80]), generator.random((2, 3, 5))),
        "000000000042": (np.array([], dtype=np.uint8), np.zeros((0, 3, 5))),
    }


def write_maps(path):
    with write_cams(path) as store:
        for image_id, (classes, maps) in some_maps().items():
            store.write(image_id, classes, maps)


def test_maps_come_back(tmp_path):
    write_maps(tmp_path / "a.npz")
    with CamStore(tmp_path / "a.npz") as store:
        assert store.image_ids == ["2007_000032", "000000000042"]
        for image_id, (classes, maps) in some_maps().items():
            found_classes, found = store.read(image_id, (11, 20))
            assert found_classes.tolist() == list(classes)
            assert found.dtype == np.float32
            assert np.array_equal(found, maps.astype(np.float16).astype(np.float32))
        with pytest.raises(BadInputError, match="image other"):
            store.read("other", (11, 20))
        with pytest.raises(BadInputError, match="make-cams"):
            store.read("2007_000032", (13, 20))
    with np.load(tmp_path / "a.npz") as plain:
        assert plain["2007_000032/maps"].dtype == np.float16


def test_bytes_do_not_depend_on_the_time(tmp_path):
    write_maps(tmp_path / "a.npz")
    time.sleep(2.1)  # the resolution of a zip's time stamps is two seconds
    write_maps(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), write_cams(tmp_path / "a.npz") as store:
        store.write("one", np.array([1]), np.zeros((1, 2, 2)))
        raise RuntimeError
    with pytest.raises(RuntimeError), write_labels(tmp_path / "a.zip") as archive:
        archive.write("one", np.zeros((2, 2), dtype=np.uint8))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_labels_come_back_from_several_archives(tmp_path):
    generator = np.random.default_rng(0)
    labels = {str(n): generator.choice([0, 5, 80, 255], (6, 7)).astype(np.uint8) for n in range(5)}
    for name, ids in (("a.zip", "012"), ("b.zip", "34")):
        with write_labels(tmp_path / name) as archive:
            for image_id in ids:
                archive.write(image_id, labels[image_id])
    with LabelArchives([tmp_path / "b.zip", tmp_path / "a.zip"]) as archives:
        archives.require(list("01234"))
        for image_id, label in labels.items():
            assert np.array_equal(archives.read(image_id), label)
        elsewhere = pickle.loads(pickle.dumps(archives))
        assert np.array_equal(elsewhere.read("4"), labels["4"])
        with pytest.raises(BadInputError, match=r"image 7 \(1 missing\)"):
            archives.require(list("012347"))
        with pytest.raises(BadInputError, match=r"a\.zip: image 2 is not in the split"):
            archives.require(list("0134"))
    with pytest.raises(BadInputError, match="image 0 is also in"):
        LabelArchives([tmp_path / "a.zip", tmp_path / "a.zip"])


def test_files_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "x"
    path.write_text("hello")
    with pytest.raises(BadInputError, match="make-cams"):
        CamStore(path)
    with pytest.raises(BadInputError, match="not a zip"):
        LabelArchives([path])


def test_palette_png_keeps_values():
    label = np.array([[0, 1, 80, 255]], dtype=np.uint8)
    content = encode_label(label, [[n, n, n] for n in range(81)])
    assert content[25] == 3  # the colour type of a palette PNG
    assert np.array_equal(decode_label(content), label)
