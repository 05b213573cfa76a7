"""Progress in a log: every item passes, with few lines, the last of which says all are done."""

import itertools

from smallobjects import progress as room
from smallobjects.progress import progress


def test_short_work_is_one_line(capsys):
    assert list(progress(iter("abc"), "Letters", 3)) == ["a", "b", "c"]
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Letters: 3/3, 0 s"]


def test_long_work_is_a_line_now_and_then(capsys, monkeypatch):
    seconds = itertools.count(0, 7)
    monkeypatch.setattr(room.time, "monotonic", lambda: next(seconds))
    assert len(list(progress(range(20), "Numbers", 20))) == 20
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "Numbers: 5/20, 35 s",
        "Numbers: 10/20, 70 s",
        "Numbers: 15/20, 105 s",
        "Numbers: 20/20, 140 s",
    ]


def test_work_that_ends_early_has_no_last_line(capsys):
    assert list(progress(iter([1]), "Numbers", 2)) == [1]
    assert not capsys.readouterr().err
