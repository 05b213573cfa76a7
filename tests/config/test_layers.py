"""Layers of settings are merged in their order, key by key."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from smallobjects.config.layers import merge
from smallobjects.config.origins import Layer, resolve

leaves = st.one_of(st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))
trees = st.recursive(
    leaves, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
mappings = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


def merged_slowly(base, change):
    """The definition, said differently: walk the paths of the change."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    keys = [*base, *(key for key in change if key not in base)]
    return {
        key: merged_slowly(base[key], change[key])
        if key in base and key in change
        else (change if key in change else base)[key]
        for key in keys
    }


@given(mappings, mappings)
def test_merge_is_key_by_key(base, change):
    before = copy.deepcopy((base, change))
    assert merge(base, change) == merged_slowly(base, change)
    assert (base, change) == before


@given(mappings, mappings, mappings)
def test_merging_two_changes_is_merging_one_after_the_other(base, first, second):
    assert merge(base, first, second) == merge(merge(base, first), second)


def resolved(layers, dataset):
    return resolve([Layer.of(values, "there") for values in layers], dataset).values


def test_a_change_may_replace_a_mapping_as_a_whole():
    base = {"backbone": {"depth": 101, "style": "pytorch"}}
    change = {"backbone": {"_delete_": True, "type": "Tiny"}}
    more = {"backbone": {"width": 8}}
    assert resolved([base, change], "voc") == {"backbone": {"type": "Tiny"}}
    assert resolved([base, merge(change, more)], "voc") == {
        "backbone": {"type": "Tiny", "width": 8}
    }


def test_a_layer_differs_by_dataset_and_a_higher_layer_wins():
    low = {"a": 1, "b": 1, "per_dataset": {"coco": {"a": 2, "b": 2}}, "scales": {"demo": {}}}
    high = {"b": 3}
    assert resolved([low, high], "voc") == {"a": 1, "b": 3}
    assert resolved([low, high], "coco") == {"a": 2, "b": 3}
