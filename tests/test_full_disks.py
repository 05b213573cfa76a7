"""A full disk is named with what helps, whatever a library made of it."""

import errno
import os
import shutil
import tempfile

import click
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config import ConfigError
from smallobjects.config.mmengine_files import read_mmengine
from smallobjects.full_disks import full_disk

NOWHERE = "[Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/home/me']"


def no_room(*files):
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *files)


def raised_from(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (FileNotFoundError(NOWHERE), "/tmp, /var/tmp, /home/me: no place for temporary files"),
        (no_room("/data/x.pth"), "/data/x.pth: the disk is full; make room and start again"),
        (OSError(errno.EDQUOT, "Quota", "/data/x"), "/data/x: the disk is full"),
        (RuntimeError("unable to allocate shared memory(shm) for </torch_1>"), "/dev/shm: "),
        (RuntimeError("DataLoader worker is out of shared memory"), "docker run --shm-size"),
        (raised_from(UnboundLocalError("x"), FileNotFoundError(NOWHERE)), "set TMPDIR"),
        (raised_from(RuntimeError("x"), no_room("/data/x")), "/data/x: the disk is full"),
    ],
)
def test_the_place_is_named(error, named):
    message = full_disk(error)
    assert named in message
    assert "\n" not in message


@pytest.mark.parametrize("error", [FileNotFoundError("x"), OSError(errno.EIO, "x"), ValueError()])
def test_what_is_no_full_disk_is_left(error):
    assert full_disk(error) is None


def test_a_full_place_of_temporary_files_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for error in (no_room(str(tmp_path / "a/b")), no_room("/data/x", None, str(tmp_path / "b"))):
        assert f"make room in {tmp_path}, or set TMPDIR" in full_disk(error)
    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room._replace(free=4096))
    assert full_disk(no_room()).startswith(f"{tmp_path}: the disk is full")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room._replace(free=1 << 30))
    assert "TMPDIR" not in full_disk(no_room())


@pytest.fixture
def nowhere(monkeypatch):
    """No place for temporary files can be written to."""

    def refuse():
        raise FileNotFoundError(NOWHERE)

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", refuse)


def test_settings_that_are_copied_to_be_read(repository, nowhere):
    """MMEngine does so, and fails in another way then."""
    read_mmengine.cache_clear()
    path = repository / "config/segmentors/deeplabv2.py"
    with pytest.raises(ConfigError, match=r"^/tmp, /var/tmp, /home/me: no place .* set TMPDIR"):
        read_mmengine(path)
    result = CliRunner().invoke(main, ["settings", "deeplabv2", "irn", "voc"])
    assert result.exit_code == 1
    assert "set TMPDIR" in result.output


def test_any_command_says_so_in_one_line(monkeypatch):
    @click.command()
    def works():
        raise RuntimeError("of a library") from FileNotFoundError(NOWHERE)

    monkeypatch.setattr(main, "get_command", lambda *_: works)
    result = CliRunner().invoke(main, ["score"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: /tmp, /var/tmp, /home/me: no place for temporary")
    assert len(result.output.splitlines()) == 1
