"""Random scenes: maps painted with rectangles, rings and noise, as hypothesis draws them."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

NUM_CLASSES = 4
LIMITS = (6, 20)
VOID = 255


class Scene(NamedTuple):
    prediction: np.ndarray
    semantic: np.ndarray
    instances: np.ndarray


def _paint(draw, array, value):
    """Paint a rectangle, a ring or a single pixel (rings make holes; overlaps make islands)."""
    height, width = array.shape
    y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    h, w = draw(st.integers(1, height)), draw(st.integers(1, width))
    kind = draw(st.sampled_from(["rectangle", "ring", "pixel"]))
    box = array[y : y + h, x : x + w] if kind != "pixel" else array[y : y + 1, x : x + 1]
    inner = box[1:-1, 1:-1].copy()
    box[:] = value
    if kind == "ring":
        box[1:-1, 1:-1] = inner


@st.composite
def masks(draw):
    """A bool mask with holes, islands in holes, and corners that touch."""
    shape = draw(st.integers(1, 11)), draw(st.integers(1, 11))
    if draw(st.booleans()):
        bits = draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=121))
        return np.array(bits[: shape[0] * shape[1]], bool).reshape(shape)
    mask = np.zeros(shape, bool)
    for _ in range(draw(st.integers(1, 6))):
        _paint(draw, mask, draw(st.sampled_from([True, True, False])))
    return mask


@st.composite
def scenes(draw):
    """A consistent ground truth, ids with gaps, void in places, and any prediction."""
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    instances = np.zeros(shape, np.uint16)
    ids = draw(st.lists(st.integers(1, 700).filter(lambda k: k != VOID), unique=True, max_size=6))
    class_of = np.zeros(701, np.uint8)
    class_of[VOID] = VOID
    for k in ids:
        class_of[k] = draw(st.integers(1, NUM_CLASSES - 1))
        _paint(draw, instances, k)
    for _ in range(draw(st.integers(0, 2))):
        _paint(draw, instances, VOID)
    semantic = class_of[instances]

    if draw(st.booleans()):
        prediction = np.where(semantic == VOID, 0, semantic).astype(np.uint8)
    else:
        prediction = np.zeros(shape, np.uint8)
    for _ in range(draw(st.integers(0, 6))):
        _paint(draw, prediction, draw(st.integers(0, NUM_CLASSES - 1)))
    return Scene(prediction, semantic, instances)
