"""Where a value comes from is where the merge took it."""

from hypothesis import given
from hypothesis import strategies as st

from smallobjects.config.mmengine_files import read_mmengine, written_in
from smallobjects.config.origins import Layer, resolve

KEYS = st.sampled_from("abc")
DEPARTURES = st.recursive(
    st.just(None),
    lambda inner: st.dictionaries(
        st.one_of(KEYS, st.just("_delete_")), inner, min_size=1, max_size=3
    ),
    max_leaves=6,
)
TREES = st.dictionaries(KEYS, DEPARTURES, max_size=3)
"""Nested mappings whose leaves are to be named after the place they are written in."""


def named(tree, name):
    if not isinstance(tree, dict):
        return name
    return {key: True if key == "_delete_" else named(tree[key], name) for key in tree}


def leaves(tree, path=()):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def layer(general, other, voc, name):
    values = named(general, name)
    if voc is not None:
        values["per_dataset"] = {
            "coco": named(other, "wrong"),
            "voc": named(voc, f"{name}, per_dataset: voc"),
        }
    return Layer.of(values, name)


@given(st.lists(st.tuples(TREES, TREES, st.one_of(st.none(), TREES)), min_size=1, max_size=5))
def test_a_value_comes_from_the_place_whose_name_it_has(trees):
    resolved = resolve([layer(*tree, str(i)) for i, tree in enumerate(trees)], "voc")
    for path, value in leaves(resolved.values):
        assert resolved.place(path) == value
        assert resolved.as_of(resolved.rank(path)) is not None
    assert resolved.place(("nowhere",)) is None


@given(st.lists(TREES, min_size=1, max_size=4))
def test_a_layer_that_was_merged_from_files_tells_which_of_them(trees):
    from smallobjects.config.layers import merge

    sources = tuple((str(i), {"s": named(tree, str(i))}) for i, tree in enumerate(trees))
    merged = Layer(merge({}, *(values for _, values in sources)), lambda: sources)
    resolved = resolve([merged.below("s", called="!")], "voc")
    for path, value in leaves(resolved.values):
        assert resolved.place(path) == f"{value}!"


def test_what_takes_a_value_away_is_not_where_it_comes_from():
    low, high = {"a": {"b": 1, "c": 1}}, {"a": {"_delete_": True, "c": 2}}
    resolved = resolve([Layer.of(low, "low"), Layer.of(high, "high")], "voc")
    assert resolved.place(("a", "b")) is None
    assert resolved.place(("a", "c")) == "high"
    assert resolved.as_of(0) == low


def test_segmentors_files_are_what_they_and_their_bases_say(repository):
    """None of them falls back to counting everything as its own."""
    for path in sorted((repository / "config" / "segmentors").glob("*.py")):
        places = [place for place, _ in written_in(path)]
        assert places[0].endswith("bases/training.py")
        assert places[-1] == str(path)
        assert ".." not in "".join(places)
        assert read_mmengine(path)["title"] == written_in(path)[-1][1]["title"]
