"""What `smallobjects.losses` gives by name."""

import importlib

import pytest

import smallobjects.losses


@pytest.mark.parametrize("name", smallobjects.losses.__all__)
def test_a_name_is_found_when_it_is_used(name):
    found = getattr(smallobjects.losses, name)
    assert found.__name__ == name
    assert getattr(importlib.import_module(found.__module__), name) is found


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"'smallobjects\.losses' has no .* 'sizes_weight'"):
        smallobjects.losses.sizes_weight  # noqa: B018
