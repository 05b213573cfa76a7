"""Which folders keep a second user out."""

import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from smallobjects.sharing import ClosedFolderError, closed_folders, require_open


def _call(function, arguments, pipe) -> None:
    if os.geteuid() == 0:
        # Root may write everywhere.
        os.setgroups([])
        os.setresgid(54001, 54001, 54001)
        os.setresuid(54001, 54001, 54001)
    try:
        pipe.send(function(*arguments))
    except Exception as error:
        pipe.send(error)


def as_somebody(function, *arguments):
    """What a function returns, or raises, to somebody who is not root."""
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_call, args=(function, arguments, there))
    process.start()
    process.join()
    answer = here.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture
def folder():
    """A folder that everybody may write in, on a way that is open to everybody."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o777)
        for below in ("open/voc/irn", "closed/voc/irn"):
            (path / below).mkdir(parents=True)
        for each in path.rglob("*"):
            each.chmod(0o777)
        yield path
        for each in path.rglob("*"):
            each.chmod(0o777)


def test_open_folders_are_no_obstacle(folder):
    assert as_somebody(closed_folders, folder) == []
    as_somebody(require_open, folder, folder / "not-there")


def test_the_first_closed_folder_on_each_way_is_named(folder):
    (folder / "closed" / "voc" / "irn").chmod(0o555)
    assert as_somebody(closed_folders, folder) == [folder / "closed" / "voc" / "irn"]
    (folder / "closed").chmod(0o555)
    assert as_somebody(closed_folders, folder) == [folder / "closed"]


def test_what_one_job_made_is_not_looked_through(folder):
    cams = folder / "open" / "voc" / "irn" / "cams"
    deep = cams / "1-of-16"
    deep.mkdir(parents=True)
    cams.chmod(0o777)
    deep.chmod(0o555)
    assert as_somebody(closed_folders, folder) == []
    assert as_somebody(closed_folders, folder, 5) == [deep]


def test_the_error_says_where_and_what_helps(folder):
    (folder / "open").chmod(0o555)
    (folder / "closed").chmod(0o555)
    with pytest.raises(ClosedFolderError, match="and in 1 more") as raised:
        as_somebody(require_open, folder)
    assert f"may not write in the folder {folder}/closed of " in str(raised.value)
    assert f"chmod -R g+rwX {folder}" in str(raised.value)
    assert "umask 002" in str(raised.value)
