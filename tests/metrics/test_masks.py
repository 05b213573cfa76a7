"""PNG masks are read as the general decoder reads them, or refused."""

import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from smallobjects.metrics.masks import read_mask


def png(mask, filters, parts=1):
    """Write a palette PNG by hand, with a filter (0 none, 1 left, 2 above) for each row."""
    rows, above = b"", np.zeros(mask.shape[1], np.uint8)
    for row, kind in zip(mask, filters, strict=True):
        left = np.concatenate([[0], row[:-1]]).astype(np.uint8)
        rows += bytes([kind]) + (row - (0, left, above)[kind]).astype(np.uint8).tobytes()
        above = row
    data = zlib.compress(rows)
    cuts = np.linspace(0, len(data), parts + 1).astype(int)
    header = struct.pack(">IIBBBBB", mask.shape[1], mask.shape[0], 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tEXt", b"key\0text"), (b"PLTE", bytes(768))]
    chunks += [(b"IDAT", data[a:b]) for a, b in pairwise(cuts)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in [*chunks, (b"IEND", b"")]
    )


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_every_way_to_store_the_rows(data, tmp_path_factory):
    shape = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, shape, np.uint8)
    plain = data.draw(st.booleans())
    filters = data.draw(
        st.lists(st.integers(0, 0 if plain else 2), min_size=shape[0], max_size=shape[0])
    )
    path = tmp_path_factory.mktemp("masks") / "mask.png"
    path.write_bytes(png(mask, filters, data.draw(st.integers(1, 3))))
    found = read_mask(path, "mask")
    assert found.dtype == np.uint8
    assert found.tolist() == mask.tolist()


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
def test_palette_indices_of_any_depth(tmp_path, colours):
    mask = (np.arange(35).reshape(5, 7) % colours).astype(np.uint8)
    image = Image.fromarray(mask)
    image.putpalette([k * 37 % 256 for k in range(3 * colours)])
    image.save(tmp_path / "mask.png", bits=(colours - 1).bit_length())
    assert read_mask(tmp_path / "mask.png", "mask").tolist() == mask.tolist()


def test_grey(tmp_path):
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", "mask").tolist() == mask.tolist()


def test_16_bits(tmp_path):
    mask = np.array([[0, 255, 256, 65535]], np.uint16)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png", "mask")
    assert found.dtype == np.uint16
    assert found.tolist() == mask.tolist()


@pytest.mark.parametrize("kept", [0, 10, 26, 40, 60, 900, -17, -5])
def test_a_file_cut_short_is_refused_by_name_or_whole(tmp_path, kept):
    mask = np.random.default_rng(0).integers(0, 256, (20, 20), np.uint8)
    path = tmp_path / "mask.png"
    path.write_bytes(png(mask, [0] * 20)[:kept])
    try:
        found = read_mask(path, "prediction")
    except ValueError as error:
        assert str(path) in str(error)
        assert "prediction" in str(error)
    else:
        # Only the end mark, which holds no pixel, was cut.
        assert kept == -5
        assert found.tolist() == mask.tolist()


def test_changed_bytes_are_refused(tmp_path):
    mask = np.random.default_rng(0).integers(0, 256, (20, 20), np.uint8)
    content = bytearray(png(mask, [0] * 20))
    content[-100] ^= 255
    path = tmp_path / "mask.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_mask(path, "mask")


def test_fewer_rows_than_announced_are_refused(tmp_path):
    content = bytearray(png(np.zeros((4, 4), np.uint8), [0] * 4))
    content[20:24] = struct.pack(">I", 5)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path = tmp_path / "mask.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_mask(path, "mask")
