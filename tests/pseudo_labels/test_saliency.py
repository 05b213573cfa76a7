"""Saliency maps: checked where they are given, predicted where a network is."""

import hashlib
import io
import json
import os
import re
import sys

import numpy as np
import pytest
import torch
from irn_chain import call
from onnx_model import SIGMOID_OF_RED
from PIL import Image

from smallobjects.datasets.saliency_parameters import SaliencyNetwork, SaliencyTraining
from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.scenes import draw_scene
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.saliency.maps import publish_maps, read_map, read_origin
from smallobjects.pseudo_labels.saliency.model import load_saliency_network, predict_map
from smallobjects.pseudo_labels.saliency.training import (
    SceneSample,
    save_saliency_network,
    train_saliency,
)

CPU = torch.device("cpu")


def truth(dataset, image_id):
    """An 8-bit map of where something is, a little different for every pixel."""
    semantic = dataset.read_semantic(image_id)
    noise = np.random.default_rng(len(image_id)).integers(0, 40, semantic.shape)
    return np.where(semantic > 0, 255 - noise, noise).astype(np.uint8)


@pytest.fixture
def given(squares, tmp_path):
    """A folder of good maps, and one file that belongs to no image."""
    folder = tmp_path / "given"
    folder.mkdir()
    for image_id in [*squares.split("train")]:
        Image.fromarray(truth(squares, image_id)).save(folder / f"{image_id}.png")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(folder / "stranger.png")
    return folder


def make(dataset, source, parameters, output, code=0):
    return call(
        "make-saliency", "--dataset", dataset.root, "--split", "train", "--from", source,
        "--parameters", json.dumps(parameters), "--device", "cpu", "--output", output, code=code,
    )  # fmt: skip


def precomputed(path):
    return {"source": "precomputed", "path": str(path)}


def test_given_maps_are_taken_as_they_are(squares, given, tmp_path):
    out = tmp_path / "out"
    make(squares, given, precomputed(given), out)
    ids = squares.split("train")
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(f"{i}.png" for i in ids), "manifest.json"]
    )
    values = []
    for image_id in ids:
        shape = squares.read_semantic(image_id).shape
        values.append(read_map(out, image_id, shape))
        assert np.array_equal(values[-1], truth(squares, image_id))
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["origin"] == precomputed(given)
    assert (manifest["dataset"], manifest["split"]) == ("squares", "train")
    assert manifest["images"] == len(ids)
    flat = np.concatenate([value.ravel() for value in values])
    assert manifest["statistics"]["mean"] == pytest.approx(flat.mean(), abs=1e-3)
    assert manifest["statistics"]["share_from_128"] == pytest.approx((flat >= 128).mean(), abs=1e-6)
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(out.glob("*.png"))
    )
    assert manifest["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert read_origin(out)["origin"] == precomputed(given)


def damage(folder):
    """Spoil eight maps, each in another way; return what an error must say of each."""
    names = sorted(path.stem for path in folder.glob("2007*"))
    good = (folder / f"{names[0]}.png").read_bytes()
    values = np.asarray(Image.open(io.BytesIO(good)))
    spoiled = {}

    def save(image, why):
        name = names[len(spoiled)]
        image.save(folder / f"{name}.png")
        spoiled[name] = why

    save(Image.fromarray(values[:-1]), "resize the map to its image")
    save(Image.fromarray(np.stack([values] * 3, -1)), "RGB PNG; save the saliency")
    save(Image.fromarray(values).convert("P"), "palette PNG; save the saliency")
    save(Image.fromarray(values.astype(np.uint16) * 257), "16-bit grey PNG; save the saliency")
    save(Image.fromarray(values > 100), "1-bit grey PNG; save the saliency")
    (folder / f"{names[5]}.png").write_bytes(good[: len(good) // 2])
    (folder / f"{names[6]}.png").write_bytes(b"")
    (folder / f"{names[7]}.png").unlink()
    spoiled |= {
        names[6]: "not a PNG file; save the saliency",
        names[7]: "missing; add the saliency",
    }
    return spoiled, names[5]


def test_every_bad_map_is_refused_by_name(squares, given, tmp_path):
    out = tmp_path / "out"
    make(squares, given, precomputed(given), out)
    before = (out / "manifest.json").read_bytes()
    spoiled, half = damage(given)
    output = make(squares, given, precomputed(given), out, code=1)
    assert "8 of 12 saliency maps cannot be used" in output
    for name, why in spoiled.items():
        [line] = [line for line in output.splitlines() if f"{name}.png" in line]
        assert why in line
    assert f"{half}.png" in output
    assert (out / "manifest.json").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_map_that_is_cut_off_is_refused(squares, given):
    [image_id] = squares.split("train")[:1]
    path = given / f"{image_id}.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(BadInputError, match=rf"{image_id}\.png: cannot be read .*replace the file"):
        read_map(given, image_id, squares.read_semantic(image_id).shape)


def test_only_so_many_bad_maps_are_named(eighty, tmp_path):
    output = make(eighty, tmp_path, precomputed(tmp_path), tmp_path / "out", code=1)
    assert "7 of 7 saliency maps cannot be used" in output
    assert output.count("missing; add") == 7


@pytest.mark.parametrize("highest", [0, 1, 15])
def test_maps_that_are_next_to_black_are_refused(squares, given, tmp_path, highest):
    for path in given.glob("*.png"):
        map_ = np.asarray(Image.open(path)) > 127
        Image.fromarray((map_ * highest).astype(np.uint8)).save(path)
    output = make(squares, given, precomputed(given), tmp_path / "out", code=1)
    assert f"no saliency map has a value above {highest}" in output
    assert "times 255" in output
    assert not (tmp_path / "out").exists()


def test_maps_with_a_suffix_in_capitals_are_found(squares, given, tmp_path):
    for path in given.glob("*.png"):
        path.rename(path.with_suffix(".PNG"))
    make(squares, given, precomputed(given), tmp_path / "out")


def test_a_folder_of_maps_is_whole_or_absent(squares, tmp_path):
    ids = squares.split("train")
    maps = {i: truth(squares, i) for i in ids}
    for wrong in (
        list(maps.items())[1:],
        [*maps.items(), (ids[0], maps[ids[0]])],
        [*maps.items(), ("other", maps[ids[0]])],
    ):
        with pytest.raises(BadInputError, match="image"):
            publish_maps(squares, "train", wrong, {}, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    publish_maps(squares, "train", reversed(maps.items()), {"source": "test"}, tmp_path / "out")
    (tmp_path / "out/manifest.json").write_text("{")
    with pytest.raises(BadInputError, match="make-saliency"):
        read_origin(tmp_path / "out")


class Redness(torch.nn.Module):
    """Side outputs and a first one: the red channel, at half the size."""

    def __init__(self, channels: int = 1):
        super().__init__()
        self.channels = channels

    def forward(self, images):
        red = torch.nn.functional.avg_pool2d(images[:, : self.channels], 2)
        return red, -red, red.mean()


def script(module, path):
    torch.jit.save(torch.jit.script(module), str(path))
    return path


def plain(**changes):
    return SaliencyNetwork(
        **{"mean": (0, 0, 0), "deviation": (1, 1, 1), "input_size": None, "stretch": False}
        | changes
    )


def test_a_network_predicts_a_map_of_the_images_size(tmp_path):
    network = load_saliency_network(script(Redness(), tmp_path / "red.pt"), CPU)
    image = np.random.default_rng(3).integers(0, 256, (20, 14, 3)).astype(np.uint8)
    image[..., 0] = np.repeat(np.repeat(image[::2, ::2, 0], 2, 0), 2, 1)
    saliency = predict_map(network, image, plain())
    assert saliency.shape == (20, 14)
    assert saliency.dtype == np.uint8
    cells = image[::2, ::2, 0].astype(float)
    expected = bilinear(cells, 20, 14)
    assert np.abs(saliency - expected).max() <= 0.501
    stretched = predict_map(network, image, plain(stretch=True))
    low, high = expected.min(), expected.max()
    assert np.abs(stretched - 255 * (expected - low) / (high - low)).max() <= 0.51
    assert (stretched.min(), stretched.max()) == (0, 255)
    logits = predict_map(network, image, plain(activation="sigmoid", mean=(0.5, 0, 0)))
    sigmoid = 255 / (1 + np.exp(0.5 - cells / 255))
    assert np.abs(logits - bilinear(sigmoid, 20, 14)).max() <= 0.51


def bilinear(cells, height, width):
    """Half-pixel centres, edges repeated; written out pixel by pixel."""
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            v = min(max((y + 0.5) * cells.shape[0] / height - 0.5, 0), cells.shape[0] - 1)
            u = min(max((x + 0.5) * cells.shape[1] / width - 0.5, 0), cells.shape[1] - 1)
            top, left = int(v), int(u)
            below, right = min(top + 1, cells.shape[0] - 1), min(left + 1, cells.shape[1] - 1)
            a, b = v - top, u - left
            out[y, x] = (1 - a) * ((1 - b) * cells[top, left] + b * cells[top, right]) + a * (
                (1 - b) * cells[below, left] + b * cells[below, right]
            )
    return out


def test_an_image_without_contrast_is_not_stretched(tmp_path):
    network = load_saliency_network(script(Redness(), tmp_path / "red.pt"), CPU)
    image = np.full((8, 10, 3), 51, np.uint8)
    assert (predict_map(network, image, plain(stretch=True)) == 51).all()


def test_images_are_resized_for_the_network(tmp_path):
    class Size(torch.nn.Module):
        def forward(self, images):
            share = images.shape[2] / 100
            return torch.full((1, 1, 2, 2), 0.0) + share

    network = load_saliency_network(script(Size(), tmp_path / "size.pt"), CPU)
    image = np.zeros((30, 50, 3), np.uint8)
    assert (predict_map(network, image, plain(input_size=20)) == 51).all()


def test_an_onnx_network_predicts_too(tmp_path):
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("onnxruntime is missing; `make environment` installs it")
        pytest.skip("no onnxruntime")
    path = tmp_path / "red.onnx"
    path.write_bytes(SIGMOID_OF_RED)
    image = np.random.default_rng(3).integers(0, 256, (20, 14, 3)).astype(np.uint8)
    saliency = predict_map(load_saliency_network(path, CPU), image, plain())
    assert np.abs(saliency - 255 / (1 + np.exp(-(image[..., 0] / 255)))).max() <= 0.501
    path.write_bytes(SIGMOID_OF_RED[:50])
    with pytest.raises(BadInputError, match=r"red\.onnx: cannot be read as an ONNX network"):
        load_saliency_network(path, CPU)


def test_networks_with_other_outputs_are_refused(tmp_path):
    image = np.zeros((8, 8, 3), np.uint8)
    classes = load_saliency_network(script(Redness(3), tmp_path / "classes.pt"), CPU)
    with pytest.raises(BadInputError, match=r"shape \(1, 3, 4, 4\).*without classes"):
        predict_map(classes, image, plain())
    red = load_saliency_network(script(Redness(), tmp_path / "red.pt"), CPU)
    with pytest.raises(BadInputError, match="finite"):
        predict_map(red, image, plain(mean=(float("inf"), 0, 0)))


def test_a_network_that_takes_images_of_one_size_is_named(squares, tmp_path):
    class Fixed(torch.nn.Module):
        def forward(self, images):
            return images[:, :1] * torch.ones(1, 1, 20, 20)

    path = tmp_path / "fixed.pt"
    script(Fixed(), path)
    network = {"input_size": None, "activation": "none", "stretch": False}
    model = {"source": "model", "path": str(path), "network": network}
    message = make(squares, path, model, tmp_path / "out", code=1)
    assert re.search(r"fixed\.pt, image \S+: .*cannot be run.*`input_size`", message)
    assert "Traceback" not in message
    model["network"] = network | {"input_size": 20}
    make(squares, path, model, tmp_path / "out")


def test_files_that_are_no_network_are_refused(squares, tmp_path, monkeypatch):
    path = tmp_path / "u2net.pt"
    path.write_bytes(b"\x08\x07no network")
    with pytest.raises(BadInputError, match=r"u2net\.pt.*TorchScript"):
        load_saliency_network(path, CPU)
    model = {"source": "model", "path": str(path)}
    assert "torch.jit.save" in make(squares, path, model, tmp_path / "out", code=1)
    assert "give a network" in make(squares, tmp_path, model, tmp_path / "out", code=1)
    assert "no such folder" in make(squares, path, precomputed(path), tmp_path / "out", code=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadInputError, match=r"u2net\.onnx.*onnxruntime.*TorchScript"):
        load_saliency_network(tmp_path / "u2net.onnx", CPU)


TRAINING = {"scenes": 12, "image_size": 48, "steps": 40, "batch_size": 4}


def test_a_network_is_trained_on_scenes_of_its_own(squares, tmp_path):
    network = {"input_size": None, "activation": "sigmoid", "stretch": False}
    files = [tmp_path / name for name in ("first.pt", "second.pt")]
    for path in files:
        call(
            "train-saliency", "--parameters", json.dumps(TRAINING), "--network",
            json.dumps(network), "--seed", 3, "--device", "cpu", "--output", path,
        )  # fmt: skip
    assert files[0].read_bytes() == files[1].read_bytes()
    parameters = {"source": "trained", "network": network, "training": TRAINING}
    make(squares, files[0], parameters, tmp_path / "out")
    origin = read_origin(tmp_path / "out")["origin"]
    assert origin["source"] == "trained"
    assert origin["sha256"] == hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert origin["training"]["scenes"] == 12
    loaded = load_saliency_network(files[0], CPU)
    agreed = union = 0
    for index in range(10):
        rng = np.random.default_rng([0, 0, index])
        scene = draw_scene(class_appearances((1, 2, 3, 4, 5, 6)), 48, rng)
        found = predict_map(loaded, scene.image, SaliencyNetwork(**network)) > 127
        agreed += (found & (scene.semantic > 0)).sum()
        union += (found | (scene.semantic > 0)).sum()
    assert agreed / union > 0.5, "objects with looks that it never saw are salient"


def test_the_scenes_are_those_of_no_dataset():
    """Another seed and another stream of it draw other scenes; a sample is its scene, mirrored."""
    training = SaliencyTraining(seed=0, image_size=96)
    sample = SceneSample(plain(), training)
    image, objects = sample("5", np.random.default_rng(1))
    for stream in range(8):
        for index in range(6):
            rng = np.random.default_rng([0, stream, index])
            scene = draw_scene(sample._appearances, 96, rng)
            drawn = scene.image.transpose(2, 0, 1) / 255
            for view in (drawn, drawn[..., ::-1]):
                assert np.abs(image - view).mean() > 0.01
    assert image.shape == (3, 96, 96)
    assert objects.shape == (1, 96, 96)
    assert set(np.unique(objects)) == {0, 1}
    assert image[:, objects[0] == 1].mean() > image[:, objects[0] == 0].mean()


def test_a_trained_network_is_saved_whole(tmp_path):
    settings = plain(activation="sigmoid")
    trained = train_saliency(
        settings, SaliencyTraining(**TRAINING | {"steps": 3}), seed=1, device=CPU
    )
    save_saliency_network(tmp_path / "net.pt", trained)
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]
    image = np.random.default_rng(3).integers(0, 256, (21, 34, 3)).astype(np.uint8)
    loaded = load_saliency_network(tmp_path / "net.pt", CPU)
    assert np.array_equal(
        predict_map(loaded, image, settings), predict_map(trained, image, settings)
    )
