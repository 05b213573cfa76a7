from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.masks import decode_annotation
from smallobjects.datasets.layouts.coco.objects import box_of, class_of
from smallobjects.datasets.layouts.coco.outlines import run_lengths


def test_classes_are_contiguous():
    assert class_of({"category_id": 1}, "a.json") == 1
    assert class_of({"category_id": 13}, "a.json") == 12
    assert class_of({"category_id": 90}, "a.json") == 80
    with pytest.raises(DatasetError, match=r"^a\.json: category 91 is none of the 80"):
        class_of({"category_id": 91}, "a.json")


@given(arrays(bool, (6, 9)))
def test_both_kinds_of_run_lengths(mask):
    plain = {"segmentation": run_lengths(mask)}
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    code["counts"] = code["counts"].decode()
    for annotation in (plain, {"segmentation": code}):
        decoded = decode_annotation(annotation, 6, 9, "a.json")
        assert decoded.dtype == bool
        assert (decoded == mask).all()


def test_parts_of_a_polygon_belong_together():
    squares = [[1, 1, 3, 1, 3, 3, 1, 3], [5, 2, 8, 2, 8, 4, 5, 4], [6, 0, 7, 0]]
    expected = np.zeros((6, 9), bool)
    expected[1:3, 1:3] = True
    expected[2:4, 5:8] = True
    assert (decode_annotation({"segmentation": squares}, 6, 9, "a.json") == expected).all()


@given(arrays(bool, (6, 9)), st.integers(0, 30))
def test_run_lengths_that_end_early_are_refused(mask, kept):
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts = code["counts"].decode()
    annotation = {"segmentation": {"size": [6, 9], "counts": counts[:kept]}}
    if kept >= len(counts):
        assert (decode_annotation(annotation, 6, 9, "a.json") == mask).all()
    else:
        with pytest.raises(DatasetError, match=r"^a\.json: its run lengths"):
            decode_annotation(annotation, 6, 9, "a.json")


@given(st.text(alphabet=[chr(n) for n in range(40, 120)], max_size=12))
def test_no_text_is_read_beyond_its_end(counts):
    annotation = {"segmentation": {"size": [6, 9], "counts": counts}}
    try:
        first = decode_annotation(annotation, 6, 9, "a.json")
    except DatasetError:
        return
    code = coco_mask.encode(np.asfortranarray(first.astype(np.uint8)))
    assert (coco_mask.decode(code).astype(bool) == first).all()
    assert (decode_annotation(annotation, 6, 9, "a.json") == first).all()


edges = st.integers(-20, 120).map(lambda number: number / 8)


@given(edges, edges, st.integers(0, 80), st.integers(0, 80))
def test_box_holds_the_pixels_it_touches(x, y, width, height):
    annotation = {"bbox": [x, y, width / 8, height / 8], "category_id": 1}
    x_end, y_end = x + width / 8, y + height / 8
    if x_end < 0 or y_end < 0 or x > 9 or y > 6:
        with pytest.raises(DatasetError, match=r"a\.json: the box .* lies outside the 9×6 image"):
            box_of(annotation, 6, 9, "a.json")
        return
    if x < -2 or y < -2 or x_end > 11 or y_end > 8:
        with pytest.raises(DatasetError, match=r"a\.json: the box .* reaches far beyond the 9×6"):
            box_of(annotation, 6, 9, "a.json")
        return
    box = box_of(annotation, 6, 9, "a.json")
    columns = [k for k in range(9) if k < x_end and k + 1 > x] or [min(max(floor(x), 0), 8)]
    rows = [k for k in range(6) if k < y_end and k + 1 > y] or [min(max(floor(y), 0), 5)]
    assert list(range(box.x0, box.x1)) == columns
    assert list(range(box.y0, box.y1)) == rows


@pytest.mark.parametrize(
    "polygon",
    [
        [1, 1, 1e9, 1, 5, 5],
        [1, 1, 5, -1e7, 5, 5],
        [1, 1, 19, 1, 5, 5],
        [-10, 1, 5, 1, 5, 5],
        [1, 1, 10**400, 1, 5, 5],
        [1, 1, 1e308, 1e308, 5, 5],
        [1, 1, float("inf"), 1, 5, 5],
        [1, 1, float("-inf"), float("inf"), 5, 5],
        [1, 1, float("nan"), 1, 5, 5],
        [1, 1, True, 1, 5, 5],
        [1, 1, None, 1, 5, 5],
    ],
)
def test_coordinates_far_from_the_image_are_refused_before_they_are_painted(polygon):
    with pytest.raises(DatasetError, match=r"^a\.json: a polygon (reaches|must)") as caught:
        decode_annotation({"segmentation": [[1, 1, 3, 1, 3, 3], polygon]}, 6, 9, "a.json")
    assert len(str(caught.value)) < 150


coordinates = st.floats(-9, 18).map(lambda x: round(x, 2))


@given(st.lists(st.tuples(coordinates, st.floats(-6, 12)), min_size=3, max_size=6))
def test_what_hangs_over_the_border_is_painted_as_the_library_does(points):
    polygon = [value for point in points for value in point]
    expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([polygon], 6, 9)))
    assert (decode_annotation({"segmentation": [polygon]}, 6, 9, "a.json") == expected).all()


@pytest.mark.parametrize("category", [[1], {"id": 1}, "1", None, 1.5, 10**400])
def test_a_category_that_is_no_number_is_refused(category):
    with pytest.raises(DatasetError, match=r"^a\.json: category .* is none of the 80"):
        class_of({"category_id": category}, "a.json")


@pytest.mark.parametrize("bbox", [[1, 2, 10**400, 4], [1, 2, [3], 4], None, "1234", {}, 5])
def test_a_box_that_is_no_four_numbers_is_refused(bbox):
    with pytest.raises(DatasetError, match=r"^a\.json: (bbox must be|the box)"):
        box_of({"bbox": bbox, "category_id": 1}, 6, 9, "a.json")
