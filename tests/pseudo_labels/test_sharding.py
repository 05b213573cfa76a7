import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.sharding import Shard


@given(st.integers(0, 60), st.integers(1, 70))
def test_every_image_once(images, count):
    ids = [f"{number:06d}" for number in range(images)]
    parts = [Shard.parse(f"{index}-of-{count}").take(ids) for index in range(1, count + 1)]
    assert [image_id for part in parts for image_id in part] == ids
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["", "1", "0-of-2", "3-of-2", "1-of-0", "1 of 2", "-1-of-2", "a"])
def test_other_names_are_refused(text):
    with pytest.raises(BadInputError, match="shard"):
        Shard.parse(text)
