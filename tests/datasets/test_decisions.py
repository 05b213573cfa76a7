"""The manual filter's file: what it means, and what is wrong with it."""

import json

import pytest

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.pascal_b.decisions import read_decisions

CANDIDATES = [f"{number:012d}" for number in range(1, 9)]
ONE, TWO, THREE = CANDIDATES[:3]


@pytest.fixture
def read(tmp_path):
    def write(text, name="decisions.csv"):
        (tmp_path / name).write_text(text)
        return read_decisions(tmp_path / name, CANDIDATES)

    return write


def test_csv_and_json_say_the_same(read):
    text = f'image,decision,reviewer,note\n{ONE},accept,A,\n{TWO},reject,A,"a cup, unlabelled"\n'
    assert read(text) == {ONE: True, TWO: False}
    assert read("\ufeff" + text.replace("\n", "\r\n")) == {ONE: True, TWO: False}
    rows = [
        {"image": ONE, "decision": "accept", "reviewer": "A", "note": ""},
        {"image": TWO, "decision": "reject"},
    ]
    assert read(json.dumps(rows), "decisions.json") == {ONE: True, TWO: False}


def test_two_columns_are_enough_and_nothing_is_decided_by_nobody(read):
    assert read(f"decision,image\nreject,{THREE}\n") == {THREE: False}
    assert read("image,decision\n") == {}
    assert read("[]", "decisions.json") == {}


def test_reviewers_who_agree_are_one_decision(read):
    text = f"image,decision,reviewer\n{ONE},accept,A\n{ONE},accept,B\n{TWO},reject,B\n"
    assert read(text) == {ONE: True, TWO: False}


WRONG = {
    "contradiction": (
        f"image,decision,reviewer\n{ONE},accept,A\n{ONE},reject,B\n",
        rf"reviewers disagree on image '{ONE}' \(A: accept, B: reject\); settle it",
    ),
    "duplicate": (
        f"image,decision,reviewer\n{ONE},accept,A\n{TWO},accept,A\n{ONE},accept,A\n",
        rf"line 4: a second decision of reviewer 'A' on image '{ONE}'",
    ),
    "duplicate without a reviewer": (
        f"image,decision\n{ONE},accept\n{ONE},reject\n",
        "line 3: a second decision of a reviewer without a name",
    ),
    "unknown image": (
        "image,decision\n000000000099,accept\n",
        "image '000000000099' is no candidate; ids are those in the column `image`",
    ),
    "many unknown images": (
        "image,decision\n" + "".join(f"x{n},accept\n" for n in range(9)),
        "images 'x0', 'x1', 'x2', 'x3', 'x4' and 4 more are no candidates",
    ),
    "leading zeros": ("image,decision\n1,accept\n", "'1' is no candidate: ids keep their leading"),
    "neither yes nor no": (f"image,decision\n{ONE},maybe\n", "line 2: decision 'maybe'; it must"),
    "no column of decisions": (f"image,verdict\n{ONE},accept\n", "lacks 'decision'"),
    "a column too many": (f"image,decision,why\n{ONE},accept,\n", "has 'why'; a decisions file"),
    "empty": ("", "the first line lacks 'image'"),
    "a comma in a note": (
        f"image,decision,reviewer,note\n{ONE},reject,A,cup, missing\n",
        "line 2: more values than columns",
    ),
    "an open quote": (f'image,decision\n{ONE},"accept\n', "malformed CSV"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(read, case):
    text, message = WRONG[case]
    with pytest.raises(DatasetError, match=rf"decisions\.csv.*{message}"):
        read(text)


WRONG_JSON = {
    "not JSON": ("{", "malformed JSON"),
    "no list": ("{}", "must be a list of objects"),
    "a number": (
        f'[{{"image": {int(TWO)}, "decision": "accept"}}]',
        "entry 1: image is 2; it must",
    ),
    "no decision": (f'[{{"image": "{ONE}"}}]', "entry 1 lacks 'decision'"),
}


@pytest.mark.parametrize("case", WRONG_JSON)
def test_what_is_wrong_with_json_is_named(read, case):
    text, message = WRONG_JSON[case]
    with pytest.raises(DatasetError, match=rf"decisions\.json.*{message}"):
        read(text, "decisions.json")


def test_files_that_are_none_are_refused(read, tmp_path):
    with pytest.raises(DatasetError, match="no such decisions file"):
        read_decisions(tmp_path / "none.csv", CANDIDATES)
    with pytest.raises(DatasetError, match=r"must end in \.csv or \.json"):
        read("image,decision\n", "decisions.xlsx")
    (tmp_path / "binary.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(DatasetError, match="save it as UTF-8"):
        read_decisions(tmp_path / "binary.csv", CANDIDATES)
