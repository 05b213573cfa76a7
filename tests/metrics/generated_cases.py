"""Small images with everything that the definition of IA-mIoU must decide, from a seed."""

import numpy as np

NUM_CLASSES = 4
VOID = 255
CROWDED = 300


def cases(count, seed=0):
    """Yield `count` scenes (prediction, semantic, instances); now and then one of 300 instances."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        if number % 1000 == 0:
            yield crowded(rng)
        elif number % 100 == 1:
            yield all_void(rng)
        else:
            yield painted(rng)


def painted(rng):
    """Instances, void and prediction of rectangles, rings and single pixels, one over the other."""
    shape = rng.integers(1, 20, 2)
    ids = rng.choice(np.r_[1:VOID, VOID + 1 : 700], rng.integers(0, 7), replace=False)
    class_of = np.zeros(700, np.uint8)
    class_of[ids] = rng.integers(1, rng.integers(2, NUM_CLASSES + 1), len(ids))
    class_of[VOID] = VOID
    instances = np.zeros(shape, np.uint16)
    for k in ids:
        paint(rng, instances, k)
    for _ in range(rng.integers(0, 3)):
        paint(rng, instances, VOID)
    semantic = class_of[instances]
    prediction = np.zeros(shape, np.uint8)
    if rng.random() < 0.5:
        prediction = np.roll(
            np.where(semantic == VOID, 0, semantic), rng.integers(-1, 2, 2), (0, 1)
        )
    for _ in range(rng.integers(0, 7)):
        paint(rng, prediction, rng.choice([*range(NUM_CLASSES), VOID]))
    if rng.random() < 0.3:
        specks = rng.random(shape) < 0.2
        prediction[specks] = rng.choice([*range(NUM_CLASSES), VOID], specks.sum())
    if rng.random() < 0.2:
        nest(rng, prediction, rng.choice(semantic.ravel()))
    return prediction, semantic, instances


def paint(rng, mask, value):
    """Paint a shape somewhere; shapes over shapes make holes, islands and contacts."""
    height, width = mask.shape
    h, w = rng.integers(1, height + 1), rng.integers(1, width + 1)
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    kind = rng.choice(["rectangle", "ring", "nest", "diagonal", "pixel"])
    if kind == "rectangle":
        mask[y : y + h, x : x + w] = value
    elif kind == "ring":
        frame(mask[y : y + h, x : x + w], value)
    elif kind == "nest":
        nest(rng, mask[y : y + h, x : x + w], value)
    elif kind == "diagonal":
        steps = np.arange(min(height - y, width - x))
        mask[y + steps, x + steps] = value
    else:
        mask[y, x] = value


def frame(box, value):
    inner = box[1:-1, 1:-1].copy()
    box[:] = value
    box[1:-1, 1:-1] = inner


def nest(rng, box, value):
    """Ring in ring in ring, and now and then a gap that opens them."""
    height, width = box.shape
    for inset in range(0, min(height, width) // 2, rng.integers(2, 4)):
        frame(box[inset : height - inset, inset : width - inset], value)
    if rng.random() < 0.3:
        box[height // 2] = box[-1, 0] if rng.random() < 0.5 else 0


def crowded(rng):
    """300 instances of a few pixels each, side by side."""
    instances = np.zeros(25 * 26, np.uint16)
    ids = 256 + rng.permutation(CROWDED)
    instances[: 2 * CROWDED] = np.repeat(ids, 2)
    class_of = np.zeros(256 + CROWDED, np.uint8)
    class_of[ids] = rng.integers(1, NUM_CLASSES, CROWDED)
    semantic = class_of[instances].reshape(25, 26)
    prediction = semantic.copy()
    specks = rng.random(prediction.shape) < 0.3
    prediction[specks] = rng.integers(0, NUM_CLASSES, specks.sum())
    return prediction, semantic, instances.reshape(25, 26)


def all_void(rng):
    shape = rng.integers(1, 12, 2)
    void = np.full(shape, VOID, np.uint8)
    return rng.integers(0, NUM_CLASSES, shape).astype(np.uint8), void, void
