"""The directory of a zip archive has no checksum; a name that is damaged there is noticed."""

import struct
import zipfile
import zlib

import numpy as np
import pytest

from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.zips import open_zip
from smallobjects.pseudo_labels.cams.store import CamStore, write_cams
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.archive import LabelArchives, write_labels

NAMES = ["a/maps.npy", "ü/maps.npy", "a b.png", "a\\b.png"]


def directory_of(path):
    """Where the central directory begins and ends."""
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    return start, content.index(b"PK\x05\x06", start)


def test_whole_archives_of_any_names_are_opened(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            archive.writestr(name, "content")
    with open_zip(path) as archive:
        assert len(archive.namelist()) == len(NAMES)


def foreign_zip(path, written, flags, extra=b""):
    """An archive with one member, as other programs write it: bytes of its name, and the flags."""
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("X" * len(written))
        member.extra = extra
        archive.writestr(member, "content")
    content = bytearray(path.read_bytes().replace(b"X" * len(written), written))
    in_directory, before_content = flags
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 8, in_directory)
    struct.pack_into("<H", content, 6, before_content)
    path.write_bytes(bytes(content))
    return path


def unicode_path(name, written):
    content = struct.pack("<BL", 1, zlib.crc32(written)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


@pytest.mark.parametrize("name", ["été.png", "图像.png", "a.png", "Köln/één.png"])
@pytest.mark.parametrize("flags", [(0, 0), (0x800, 0), (0, 0x800), (0x800, 0x800)])
def test_utf8_is_read_with_its_flag_or_without(tmp_path, name, flags):
    """Info-ZIP and macOS set it nowhere, some programs at one of the two places alone."""
    path = foreign_zip(tmp_path / "x.zip", name.encode(), flags)
    with open_zip(path) as archive:
        assert archive.namelist() == [name]
        assert archive.read(name) == b"content"


def test_a_code_page_is_read_and_the_name_that_stands_beside_it(tmp_path):
    written = "été.png".encode("cp437")
    with open_zip(foreign_zip(tmp_path / "x.zip", written, (0, 0))) as archive:
        assert archive.namelist() == ["été.png"]
    extra = unicode_path("图.png", written)
    with open_zip(foreign_zip(tmp_path / "x.zip", written, (0, 0), extra)) as archive:
        assert archive.namelist() == ["图.png"]
        assert archive.read("图.png") == b"content"
    renamed = unicode_path("图.png", b"another")
    with open_zip(foreign_zip(tmp_path / "x.zip", written, (0, 0), renamed)) as archive:
        assert archive.namelist() == ["été.png"]


@pytest.mark.parametrize("byte", [0, 65, 255])
def test_another_byte_in_any_name_is_refused(tmp_path, byte):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image1/maps.npy", "content")
    whole = bytearray(path.read_bytes())
    start = whole.index(b"image1", directory_of(path)[0])
    for place in range(start, start + len("image1/maps.npy")):
        changed = whole.copy()
        changed[place] = byte
        path.write_bytes(bytes(changed))
        with pytest.raises(ContentError, match="zip"):
            open_zip(path)


def test_no_flipped_bit_of_a_directory_loses_an_image(tmp_path):
    """Maps and labels: whatever is opened has all its images."""
    cams, labels = tmp_path / "cams.npz", tmp_path / "labels.zip"
    with write_cams(cams) as maps, write_labels(labels) as archive:
        for name in ("one", "two"):
            maps.write(name, np.array([1]), np.zeros((1, 2, 2)))
            archive.write(name, np.zeros((4, 4), np.uint8))
    for path, images in (
        (cams, lambda: CamStore(cams).image_ids),
        (labels, lambda: LabelArchives([labels]).image_ids),
    ):
        whole = path.read_bytes()
        refused = 0
        for place in range(*directory_of(path)):
            for bit in range(8):
                changed = bytearray(whole)
                changed[place] ^= 1 << bit
                path.write_bytes(bytes(changed))
                try:
                    assert images() == ["one", "two"], (path.name, place, bit)
                except BadInputError:
                    refused += 1
        assert refused > 200


def test_archives_with_very_many_members_are_opened(tmp_path):
    """More than 65,535 are counted in the larger form of the end."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(65_540):
            archive.writestr(zipfile.ZipInfo(str(number)), "")
        archive.comment = b"a comment"
    with open_zip(path) as archive:
        assert len(archive.namelist()) == 65_540
