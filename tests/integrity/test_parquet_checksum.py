"""A Parquet file of the project has a checksum of its own; others are read as they are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.tables import read_frame, whole_parquet, write_frame


@pytest.fixture
def frame():
    generator = np.random.default_rng(0)
    names = [f"2007_{number:06}" for number in range(200)]
    return pd.DataFrame(
        {
            "image": names,
            "class_id": generator.integers(1, 21, 200),
            "iou": generator.random(200),
            "size": generator.choice(["small", "large", None], 200),
        }
    )


@given(
    st.lists(st.tuples(st.text(max_size=5), st.integers(-(2**31), 2**31), st.floats()), max_size=9)
)
def test_a_frame_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "t.parquet"
    frame = pd.DataFrame(rows, columns=["text", "number", "real"])
    write_frame(frame, path)
    pd.testing.assert_frame_equal(read_frame(path), pd.read_parquet(path))
    pd.testing.assert_frame_equal(read_frame(path), frame, check_dtype=bool(rows))


def test_equal_frames_make_equal_bytes_and_others_read_them(frame, tmp_path):
    for name in "ab":
        write_frame(frame, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    pd.testing.assert_frame_equal(parquet.read_table(tmp_path / "a").to_pandas(), frame)


def test_every_byte_is_covered(frame, tmp_path):
    path = tmp_path / "t.parquet"
    write_frame(frame, path)
    content = path.read_bytes()
    expected = read_frame(path)
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = read_frame(path)
        except ContentError:
            continue
        # Where the checksum's own name is hit, the file is as one without.
        pd.testing.assert_frame_equal(found, expected)
        assert b"crc32 of this file\x18\x08" not in damaged


def test_files_of_other_programs_are_read(frame, tmp_path):
    path = tmp_path / "t.parquet"
    frame.to_parquet(path, index=False)
    pd.testing.assert_frame_equal(read_frame(path, ["iou", "image"]), frame[["iou", "image"]])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ContentError, match="no whole Parquet file"):
        read_frame(path)
    with pytest.raises(FileNotFoundError):
        whole_parquet(Path(tmp_path / "gone.parquet"))


def test_columns_that_are_missing_are_named(frame, tmp_path):
    write_frame(frame, tmp_path / "t.parquet")
    with pytest.raises(ContentError, match="score"):
        read_frame(tmp_path / "t.parquet", ["score"])
