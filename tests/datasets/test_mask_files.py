import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import read_image_size, read_mask, write_mask

shapes = array_shapes(min_dims=2, max_dims=2, max_side=9)


@given(arrays(np.uint8, shapes) | arrays(np.uint16, shapes))
def test_values_survive(tmp_path_factory, mask):
    path = tmp_path_factory.mktemp("mask") / "m.png"
    write_mask(path, mask)
    with Image.open(path) as image:
        stored = np.asarray(image)
    assert stored.dtype == mask.dtype
    assert (stored == mask).all()


@given(arrays(np.uint8, shapes), st.sampled_from(["P", "L"]))
def test_palette_and_grey_masks_are_read(tmp_path_factory, mask, mode):
    path = tmp_path_factory.mktemp("mask") / "m.png"
    image = Image.fromarray(mask)
    if mode == "P":
        image.putpalette([3, 2, 1] * 256)
    image.save(path)
    assert (read_mask(path) == mask).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "I;16", "1"])
def test_other_modes_are_refused(mode, tmp_path):
    Image.new(mode, (4, 4)).save(tmp_path / "m.png")
    with pytest.raises(DatasetError, match=rf"m\.png: a mask must be .* mode '{mode}'"):
        read_mask(tmp_path / "m.png")


def test_missing_and_unreadable_files(tmp_path):
    (tmp_path / "text.png").write_text("text")
    for read, kind in ((read_mask, "mask"), (read_image_size, "image")):
        with pytest.raises(DatasetError, match=f"absent.png: no such {kind}"):
            read(tmp_path / "absent.png")
        with pytest.raises(DatasetError, match=f"text.png: unreadable {kind}"):
            read(tmp_path / "text.png")


def test_image_size_is_height_and_width(tmp_path):
    Image.new("RGB", (7, 4)).save(tmp_path / "i.jpg")
    assert read_image_size(tmp_path / "i.jpg") == (4, 7)
