"""Archives are unpacked whole or not at all, and never outside their folder."""

import io
import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.records import MadeRecord, read_record
from smallobjects.fetching.unpack import unpack

FILES = {
    "top/data/a.txt": b"a" * 700,
    "top/data/deep/b.txt": b"b" * 5000,
    "top/data/empty": b"",
    "top/other.txt": b"other",
}
WANTED = {"a.txt": b"a" * 700, "deep/b.txt": b"b" * 5000, "empty": b""}


def make_zip(path, files=FILES, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.mkdir("top")
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def make_tar(path, files=FILES, mode="w", extra=(), prefix=""):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in extra:
            archive.addfile(member)
    return path


MAKERS = {
    "zip": make_zip,
    "stored.zip": lambda path: make_zip(path, compression=zipfile.ZIP_STORED),
    "tar": make_tar,
    "tgz": lambda path: make_tar(path, mode="w:gz"),
    "dotted.tar": lambda path: make_tar(path, prefix="./"),
}


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def visible(folder):
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


@pytest.fixture(params=MAKERS)
def archive(request, tmp_path):
    return MAKERS[request.param](tmp_path / f"archive.{request.param}")


def test_a_folder_comes_out_with_its_record(archive, tmp_path):
    record = unpack(archive, "top/data", tmp_path / "out" / "data")
    assert content(tmp_path / "out" / "data") == WANTED
    assert record.files == 3
    assert read_record(tmp_path / "out" / "data", MadeRecord) == record
    assert visible(tmp_path / "out") == {"data", "data.record.json"}


def test_a_single_file_comes_out(archive, tmp_path):
    unpack(archive, "top/data/a.txt", tmp_path / "renamed.txt")
    assert (tmp_path / "renamed.txt").read_bytes() == FILES["top/data/a.txt"]


def test_what_is_missing_is_named(archive, tmp_path):
    with pytest.raises(FetchError, match=r"has no 'data'; it holds top"):
        unpack(archive, "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_left(archive, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_bytes(b"mine")
    assert unpack(archive, "top/data", tmp_path / "out").files is None
    assert content(tmp_path / "out") == {"mine": b"mine"}


def test_every_truncation_is_refused(archive, tmp_path):
    """At any length: in the middle of a file, between two files, or before the end."""
    whole = archive.read_bytes()
    cut = tmp_path / "cut"
    # A tar ends with blocks of zeros, of which one is enough.
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512 if archive.suffix == ".tar" else len(whole)
    for length in sorted({*range(0, end, 97), *range(0, end, 512), end - 1}):
        cut.write_bytes(whole[:length])
        with pytest.raises(FetchError, match="truncated or damaged"):
            unpack(cut, "top/data", tmp_path / "out")
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".out.*partial"))


def test_a_damaged_byte_is_refused(tmp_path):
    for name in ("zip", "tgz"):
        archive = MAKERS[name](tmp_path / name)
        data = bytearray(archive.read_bytes())
        data[60 if name == "zip" else len(data) // 2] ^= 0xFF
        archive.write_bytes(data)
        with pytest.raises(FetchError):
            unpack(archive, "top", tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["../evil", "top/../../evil", "/evil", "top/data/../../../evil", "C:/evil", "a\\..\\b"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_outside_stops_everything(tmp_path, name, kind):
    make = {"zip": make_zip, "tar": make_tar}[kind]
    archive = make(tmp_path / "archive", {**FILES, name: b"evil"})
    with pytest.raises(FetchError, match="leads outside"):
        unpack(archive, "top/data", tmp_path / "inner" / "out")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "inner" / "out").exists()


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../.."),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "top/data/a.txt"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_and_devices_are_refused(tmp_path, kind, target):
    member = tarfile.TarInfo("top/data/special")
    member.type, member.linkname = kind, target
    archive = make_tar(tmp_path / "archive.tar", extra=[member])
    with pytest.raises(FetchError, match="'top/data/special' is a link or a device"):
        unpack(archive, "top/data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_zip_is_refused(tmp_path):
    archive = make_zip(tmp_path / "archive.zip")
    with zipfile.ZipFile(archive, "a") as file:
        link = zipfile.ZipInfo("top/data/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="is a link"):
        unpack(archive, "top/data", tmp_path / "out")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path):
    archive = make_zip(tmp_path / "archive.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("top/data/a.txt", b"another")
    with pytest.raises(FetchError, match="occurs twice"):
        unpack(archive, "top/data", tmp_path / "out")


def test_something_else_is_no_archive(tmp_path):
    (tmp_path / "page").write_text("<html></html>")
    with pytest.raises(FetchError, match="neither zip nor tar"):
        unpack(tmp_path / "page", "top", tmp_path / "out")
    with pytest.raises(FetchError, match="there is no such archive"):
        unpack(tmp_path / "missing", "top", tmp_path / "out")


def test_room_is_asked_for_before_anything_is_written(archive, tmp_path, monkeypatch):
    usage = namedtuple("Usage", "total used free")(10**9, 0, 4096 + 8192 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(FetchError, match=r"data, unpacked, needs 12,288 bytes.*for 1 more"):
        unpack(archive, "top/data", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_earlier_attempt_is_cleared_away(archive, tmp_path):
    (tmp_path / ".data.partial").mkdir()
    (tmp_path / ".data.partial" / "half").write_bytes(b"half")
    unpack(archive, "top/data", tmp_path / "data")
    assert content(tmp_path / "data") == WANTED


def test_modes_of_the_archive_are_not_taken_over(tmp_path):
    with tarfile.open(tmp_path / "archive.tar", "w") as archive:
        member = tarfile.TarInfo("top/file")
        member.mode = 0o4777
        archive.addfile(member)
    unpack(tmp_path / "archive.tar", "top", tmp_path / "out")
    mode = (tmp_path / "out" / "file").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_IXUSR)


_parts = st.text("ab.", min_size=1, max_size=3).filter(lambda part: part.strip("."))


@given(
    files=st.dictionaries(
        st.lists(_parts, min_size=1, max_size=3).map("/".join), st.binary(max_size=2000), min_size=1
    ),
    kind=st.sampled_from(["zip", "tar"]),
)
def test_any_tree_comes_out_as_it_went_in(tmp_path_factory, files, kind):
    names = sorted(files)
    clash = any(later.startswith(f"{name}/") for name in names for later in names)
    if clash:
        return
    folder = tmp_path_factory.mktemp("tree")
    make = {"zip": make_zip, "tar": make_tar}[kind]
    archive = make(folder / "archive", {f"top/{name}": data for name, data in files.items()})
    unpack(archive, "top", folder / "out")
    assert content(folder / "out") == files


def test_names_in_utf8_without_its_flag_come_out_as_they_are(tmp_path):
    """As Info-ZIP and macOS write them."""
    make_zip(tmp_path / "x.zip", {"top/XXXXX.txt": b"a"})
    written = (tmp_path / "x.zip").read_bytes().replace(b"XXXXX", "été".encode())
    (tmp_path / "x.zip").write_bytes(written)
    unpack(tmp_path / "x.zip", "top", tmp_path / "out")
    assert content(tmp_path / "out") == {"été.txt": b"a"}


def test_a_name_that_is_no_text_is_refused(tmp_path):
    make_zip(tmp_path / "x.zip", {"top/été.txt": b"a"})
    written = (tmp_path / "x.zip").read_bytes().replace("été".encode(), b"\xff\xfet\xfd\xfc")
    (tmp_path / "x.zip").write_bytes(written)
    with pytest.raises(FetchError, match="truncated or damaged"):
        unpack(tmp_path / "x.zip", "top", tmp_path / "out")
