import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.publishing import publish_directory, publish_file
from smallobjects.publishing.checksums import (
    DamagedError,
    check_recorded,
    file_checksum,
    keep_checksums,
    read_checksums,
)


@pytest.fixture
def results(tmp_path):
    keep_checksums(tmp_path / "results")
    return tmp_path / "results"


def write(path: Path, content: bytes) -> None:
    with publish_file(path) as partial:
        partial.write_bytes(content)


def test_the_checksum_is_that_of_sha256sum(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 5000)
    printed = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout
    assert (
        file_checksum(path) == printed.split()[0] == hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_published_files_and_folders_have_theirs_in_the_results(results):
    write(results / "demo" / "ce.pth", b"weights")
    with publish_directory(results / "demo" / "labels") as folder:
        for name in ("a b.png", "c.png", "sub/d.png"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(name)
        (folder / "raw.jpg").symlink_to(results)
    kept = sorted(str(path.relative_to(results)) for path in results.rglob("*.sha256"))
    assert kept == ["checksums/demo/ce.pth.sha256", "checksums/demo/labels.sha256"]
    names = [name for name, _ in read_checksums(results / kept[1])]
    assert names == ["demo/labels/a b.png", "demo/labels/c.png", "demo/labels/sub/d.png"]
    for record in kept:
        subprocess.run(["sha256sum", "--check", "--strict", record], cwd=results, check=True)


def test_what_is_outside_results_or_scratch_has_none(results, tmp_path):
    write(tmp_path / "scores.json", b"{}")
    write(results / "ce.pth.work" / "0123" / "iter_5.pth", b"scratch")
    assert list(tmp_path.rglob("*.sha256")) == []
    (tmp_path / "scores.json").write_text("changed")
    check_recorded(tmp_path / "scores.json")


def test_a_file_written_again_has_its_new_checksum(results):
    path = results / "summary.json"
    write(path, b"first")
    write(path, b"second")
    check_recorded(path)


def test_a_changed_file_is_refused_by_name(results):
    path = results / "summary.json"
    write(path, b"written")
    path.write_bytes(b"writteN")
    with pytest.raises(DamagedError, match=r"summary\.json: has changed"):
        check_recorded(path)


def test_a_failed_writer_leaves_file_and_checksum_as_they_were(results):
    path = results / "summary.json"
    write(path, b"written")
    with pytest.raises(RuntimeError), publish_file(path) as partial:
        partial.write_bytes(b"half")
        raise RuntimeError
    check_recorded(path)


@given(
    name=st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=30)
)
def test_any_name_comes_back(name, tmp_path_factory):
    if name in (".", ".."):
        return
    results = tmp_path_factory.mktemp("any") / "results"
    keep_checksums(results)
    with publish_directory(results / "labels") as folder:
        (folder / name).write_bytes(b"x")
    record = results / "checksums" / "labels.sha256"
    assert [found for found, _ in read_checksums(record)] == [f"labels/{name}"]
    subprocess.run(["sha256sum", "--check", "--strict", record], cwd=results, check=True)
