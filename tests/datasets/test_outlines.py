import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask
from scipy import ndimage

from smallobjects.datasets.layouts.coco.outlines import has_holes, polygons, run_lengths

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=14))


def slow_has_holes(mask):
    """Flood the background from outside, over corners too; a hole stays dry."""
    padded = np.pad(mask, 1)
    seen = np.zeros_like(padded)
    stack = [(0, 0)]
    while stack:
        y, x = stack.pop()
        inside = 0 <= y < padded.shape[0] and 0 <= x < padded.shape[1]
        if not inside or seen[y, x] or padded[y, x]:
            continue
        seen[y, x] = True
        stack += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return bool((~padded & ~seen).any())


def shoelace(polygon):
    points = np.array(polygon).reshape(-1, 2)
    x, y = points.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


@given(masks)
def test_holes(mask):
    assert has_holes(mask) == slow_has_holes(mask)


@given(masks)
def test_polygons_fill_to_the_mask(mask):
    mask = ndimage.binary_fill_holes(mask, np.ones((3, 3)))
    outlines = polygons(mask)
    assert len(outlines) == ndimage.label(mask)[1]
    # In image coordinates a clockwise walk has a positive area.
    assert sum(shoelace(outline) for outline in outlines) == mask.sum()
    if outlines:
        codes = coco_mask.frPyObjects(outlines, *mask.shape)
        assert (coco_mask.decode(coco_mask.merge(codes)).astype(bool) == mask).all()


@given(masks)
def test_polygons_have_corners_only(mask):
    for outline in polygons(ndimage.binary_fill_holes(mask, np.ones((3, 3)))):
        steps = np.diff(np.array([*outline, *outline[:2]]).reshape(-1, 2), axis=0)
        directions = np.sign(steps)
        assert (np.abs(directions).sum(axis=1) == 1).all()
        assert (directions != np.roll(directions, 1, axis=0)).any(axis=1).all()


@given(masks, st.booleans())
def test_run_lengths(mask, flip):
    mask = ~mask if flip else mask
    code = run_lengths(mask)
    values = [value for run, count in enumerate(code["counts"]) for value in [run % 2] * count]
    assert np.array(values).reshape(mask.shape, order="F").astype(bool).tolist() == mask.tolist()
    assert code["size"] == list(mask.shape)
    decoded = coco_mask.decode(coco_mask.frPyObjects(code, *mask.shape))
    assert (decoded.astype(bool) == mask).all()
