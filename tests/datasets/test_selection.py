import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.parameters import SplitParameters
from smallobjects.datasets.splits.raw_lists import select_ids


@given(st.integers(0, 12), st.integers(0, 12), st.none() | st.integers(1, 12))
def test_slices(total, first, count):
    ids = [str(number) for number in range(total)]
    split = SplitParameters(source="x", first=first, count=count)
    expected = [ids[k] for k in range(first, total) if count is None or k < first + count]
    if not expected or (count is not None and len(expected) < count):
        with pytest.raises(
            DatasetError, match=rf"list\.txt: .* after the first {first}, .* {total}"
        ):
            select_ids(ids, split, "list.txt")
    else:
        assert select_ids(ids, split, "list.txt") == expected


def test_repeated_id():
    with pytest.raises(DatasetError, match=r"list\.txt: 'b' is listed twice"):
        select_ids(["a", "b", "c", "b"], SplitParameters(source="x"), "list.txt")
