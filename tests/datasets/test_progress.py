from smallobjects.datasets.progress import with_progress


def test_lines_in_a_log(capsys):
    assert list(with_progress(iter("abcdefghijklmnopqrstuvwxyz"), 26, "Letters"))[-1] == "z"
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Letters: 3 of 26"
    assert lines[-1] == "Letters: 26 of 26"
    assert len(lines) == 9


def test_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(with_progress(iter([1, 2]), 2, "Numbers")) == [1, 2]
    assert capsys.readouterr().err.count("of 2") == 0
