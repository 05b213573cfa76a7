"""Annotated boxes: clipping, refusals, and what boxes alone say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.pseudo_labels.boxes import (
    AnnotatedBoxes,
    BoxedObject,
    FilledBoxes,
    filled_boxes,
    inside,
)
from smallobjects.pseudo_labels.errors import BadInputError

SHAPE = (20, 30)


class OneImage:
    """As much of a prepared dataset as boxes are read from."""

    num_classes = 4

    def __init__(self, root, rows):
        self.root = root
        columns = ["image", "class_id", "x0", "y0", "x1", "y1"]
        self.box_table = pd.DataFrame(rows, columns=columns)


def boxes(*rows):
    return tuple(BoxedObject(number, *row) for number, row in enumerate(rows))


def random_boxes(shape=SHAPE):
    height, width = shape

    def make(values):
        class_id, x, y, w, h = values
        return (class_id, x, y, min(x + w, width), min(y + h, height))

    one = st.tuples(
        st.integers(1, 3), st.integers(0, width - 1), st.integers(0, height - 1),
        st.integers(1, width), st.integers(1, height),
    )  # fmt: skip
    return st.lists(one.map(make), max_size=5).map(lambda rows: boxes(*rows))


def test_ids_are_places_and_boxes_are_clipped(tmp_path):
    data = OneImage(tmp_path, [("a", 2, -3, 1, 8, 40), ("b", 1, 0, 0, 1, 1), ("a", 1, 5, 5, 6, 6)])
    found = AnnotatedBoxes(data)
    assert found.of("a", SHAPE) == (BoxedObject(0, 2, 0, 1, 8, 20), BoxedObject(1, 1, 5, 5, 6, 6))
    assert found.of("none", SHAPE) == ()
    assert found.has("b")
    assert not found.has("none")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((1, 5, 5, 5, 9), ["box 1 of image a", "(5, 5, 5, 9)", "30×20"]),
        ((1, 30, 0, 35, 5), ["box 1 of image a", "covers no pixel"]),
        ((4, 0, 0, 5, 5), ["box 1 of image a", "class 4", "1..3"]),
        ((0, 0, 0, 5, 5), ["class 0"]),
    ],
)
def test_boxes_that_mean_nothing_are_refused_by_name(tmp_path, row, words):
    data = OneImage(tmp_path, [("a", 1, 0, 0, 3, 3), ("a", *row)])
    with pytest.raises(BadInputError) as error:
        AnnotatedBoxes(data).of("a", SHAPE)
    assert all(word in str(error.value) for word in [*words, "boxes.parquet"])


@given(random_boxes())
def test_filled_boxes_show_the_smallest_box_of_every_pixel(objects):
    label = filled_boxes(objects, SHAPE)
    background = ~inside(objects, SHAPE)
    for y in range(SHAPE[0]):
        for x in range(SHAPE[1]):
            here = [o for o in objects if o.x0 <= x < o.x1 and o.y0 <= y < o.y1]
            assert background[y, x] == (not here)
            if not here:
                assert label[y, x] == 0
                continue
            least = min((o.x1 - o.x0) * (o.y1 - o.y0) for o in here)
            last = [o for o in here if (o.x1 - o.x0) * (o.y1 - o.y0) == least][-1]
            assert label[y, x] == last.class_id


@given(random_boxes())
def test_one_class_fills_its_own_boxes(objects):
    parts = [inside(objects, SHAPE, class_id) for class_id in (1, 2, 3)]
    assert np.array_equal(np.any(parts, axis=0), inside(objects, SHAPE))


def test_a_box_lies_within_another_box_but_not_within_itself():
    outer, inner, twin, beside = boxes(
        (1, 0, 0, 10, 10), (2, 0, 2, 10, 8), (3, 0, 0, 10, 10), (1, 5, 5, 11, 9)
    )
    assert inner.lies_within(outer)
    assert not outer.lies_within(inner)
    assert not outer.lies_within(twin)
    assert not beside.lies_within(outer)


def test_filled_boxes_of_a_dataset(squares):
    filled = FilledBoxes(squares)
    for image_id in squares.split("train"):
        label, truth = filled(image_id), squares.read_semantic(image_id)
        assert label.shape == truth.shape
        assert set(np.unique(label)) - {0} == set(squares.image_classes.get(image_id, ()))
