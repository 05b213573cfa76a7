"""Lists and folders as other programs and systems leave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.image_lists import file_of_id, files_by_id, read_lines

IDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).map(
        lambda text: f"a {text}"
    ),
    max_size=5,
)


@given(IDS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", " ", "\t"]))
def test_lines_are_read_whoever_wrote_them(tmp_path_factory, ids, end, mark, space):
    path = tmp_path_factory.mktemp("list") / "list.txt"
    text = "".join(f"{space}{image_id}{space}{end}{end}" for image_id in ids)
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    assert read_lines(path) == ids


def test_files_are_found_and_what_is_none_is_not(tmp_path):
    for name in (
        "a.png",
        "B.PNG",
        "c d.Png",
        "._a.png",
        ".hidden.png",
        "e.jpg",
        "png",
        "f.png.tmp",
    ):
        (tmp_path / name).touch()
    (tmp_path / "sub.png").mkdir()
    assert files_by_id(tmp_path, ".png") == {
        "B": tmp_path / "B.PNG",
        "a": tmp_path / "a.png",
        "c d": tmp_path / "c d.Png",
    }


def test_two_files_of_one_image_are_refused(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "a.PNG").touch()
    with pytest.raises(ValueError, match=r"a\.(png|PNG) is there as well; keep one"):
        files_by_id(tmp_path, ".png")


@pytest.mark.parametrize("name", ["x.jpg", "x.JPG", "x.jpeg", "x.JPEG"])
def test_a_suffix_in_capitals_is_found(tmp_path, name):
    (tmp_path / "x.png").mkdir()
    assert file_of_id(tmp_path, "x", (".jpg", ".jpeg")) == tmp_path / "x.jpg"
    (tmp_path / name).touch()
    assert file_of_id(tmp_path, "x", (".jpg", ".jpeg", ".png")) == tmp_path / name


@pytest.mark.parametrize("line", ["a\0b", "x" * 300, "a\x1bb", "\u200b\u202e"])
def test_a_line_that_names_no_file_is_refused(tmp_path, line):
    path = tmp_path / "train.txt"
    path.write_text(f"first\n{line}\n")
    with pytest.raises(ValueError, match=r"train\.txt: .* is no name of an image"):
        read_lines(path)
