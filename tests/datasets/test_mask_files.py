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


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palette_masks_of_few_bits_are_read(bits, tmp_path):
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3) % 2**bits
    image = Image.fromarray(mask)
    image.putpalette([3, 2, 1] * 2**bits)
    image.save(tmp_path / "m.png", bits=bits)
    assert (tmp_path / "m.png").read_bytes()[24] == bits
    assert (read_mask(tmp_path / "m.png") == mask).all()


def test_image_size_is_height_and_width(tmp_path):
    Image.new("RGB", (7, 4)).save(tmp_path / "i.jpg")
    assert read_image_size(tmp_path / "i.jpg") == (4, 7)


def test_image_size_is_that_of_the_stored_pixels(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (7, 4)).save(tmp_path / "i.jpg", exif=turned)
    assert read_image_size(tmp_path / "i.jpg") == (4, 7)
