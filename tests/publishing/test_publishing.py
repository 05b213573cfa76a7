import errno
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smallobjects.publishing import publish_directory, publish_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_whole_and_only_at_the_end(tmp_path):
    target = tmp_path / "new" / "file.txt"
    with publish_file(target) as partial:
        assert partial.parent == target.parent
        partial.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names(target.parent) == ["file.txt"]


def test_file_replaces_an_older_one(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with publish_file(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_failing_block_leaves_the_older_file(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), publish_file(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_leftover_of_a_killed_process_is_not_taken_over(tmp_path):
    (tmp_path / ".file.txt.partial").write_text("left over")
    with publish_file(tmp_path / "file.txt") as partial:
        assert not partial.exists()
        partial.write_text("new")
    assert names(tmp_path) == ["file.txt"]


def test_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), publish_file(tmp_path / "file.txt"):
        pass
    assert names(tmp_path) == []


def test_folder_appears_whole_and_only_at_the_end(tmp_path):
    target = tmp_path / "new" / "folder"
    with publish_directory(target) as partial:
        assert partial.parent == target.parent
        assert names(partial) == []
        (partial / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["folder"]


def test_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("old")
    with publish_directory(target) as partial:
        (partial / "new").write_text("new")
        assert names(target) == ["old"]
    assert names(target) == ["new"]
    assert names(tmp_path) == ["folder"]


def test_failing_block_leaves_the_older_folder(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(RuntimeError), publish_directory(target) as partial:
        (partial / "half").write_text("half")
        raise RuntimeError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["folder"]


def test_leftover_folders_of_a_killed_process_are_cleared(tmp_path):
    for name in (".folder.partial", ".folder.replaced"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "left over").write_text("x")
    with publish_directory(tmp_path / "folder") as partial:
        assert names(partial) == []
    assert names(tmp_path) == ["folder"]


def test_file_in_the_place_of_a_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "folder").write_text("a file")
    with (
        pytest.raises(NotADirectoryError, match="folder: a file"),
        publish_directory(tmp_path / "folder"),
    ):
        pytest.fail("the block must not run")
    assert (tmp_path / "folder").read_text() == "a file"


def test_old_folder_is_never_half_deleted_under_its_name(tmp_path, monkeypatch):
    """Whatever deletes folders, it never does so under the published name."""
    from smallobjects.publishing import whole

    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("old")
    deleted = []
    real = whole.shutil.rmtree

    def recorded(path, *arguments, **options):
        deleted.append(Path(path))
        real(path, *arguments, **options)

    monkeypatch.setattr(whole.shutil, "rmtree", recorded)
    with publish_directory(target) as partial:
        (partial / "new").write_text("new")
    assert deleted
    assert target not in deleted


WRITE_FOREVER = """
import sys
from smallobjects.publishing import publish_directory, publish_file
kind, target = sys.argv[1:]
number = 0
while True:
    number += 1
    if kind == "file":
        with publish_file(target) as partial:
            with partial.open("w") as file:
                for _ in range(20):
                    file.write(f"{number}\\n")
                    file.flush()
    else:
        with publish_directory(target) as partial:
            for name in range(20):
                (partial / str(name)).write_text(f"{number}\\n")
"""


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_kill_at_any_moment_leaves_whole_content(kind, tmp_path):
    target = tmp_path / "target"
    for round_number in range(12):
        remove(target)
        process = subprocess.Popen([sys.executable, "-c", WRITE_FOREVER, kind, str(target)])
        deadline = time.monotonic() + 30
        while not target.exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        # It is now somewhere in its second or a later round.
        time.sleep(0.0013 * round_number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if kind == "file":
            contents = [target.read_text().split()]
        elif target.exists():
            contents = [[path.read_text().strip() for path in target.iterdir()]]
        else:
            contents = []  # killed between the two renames
        assert all(len(lines) == 20 and len(set(lines)) == 1 for lines in contents)


@pytest.mark.parametrize("publish", [publish_file, publish_directory])
def test_a_full_disk_is_named_with_the_target(tmp_path, publish):
    target = tmp_path / "target"
    with pytest.raises(OSError, match="target") as caught, publish(target):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            # As torch reports a file that it could not write.
            raise RuntimeError("unexpected pos 704 vs 598")  # noqa: B904
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(target)
    assert names(tmp_path) == []
