"""Synthetic scenes: a low-contrast background with a few textured objects that may overlap."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from smallobjects.datasets.synthetic.appearance import (
    ClassAppearance,
    Pose,
    object_colours,
    object_mask,
)

# Shares of the image that the three sizes take: at 96×96 they lie within the limits 150 and 900.
SIZE_SHARES = {"small": (0.0040, 0.0145), "medium": (0.0185, 0.085), "large": (0.105, 0.26)}
SIZE_CHANCES = {"small": 0.42, "medium": 0.36, "large": 0.22}
PLACEMENT_TRIES = 40
LEAST_VISIBLE_SHARE = 0.5
LEAST_VISIBLE_AREA = 0.0022


@dataclass(frozen=True)
class SceneObject:
    """One object of a scene."""

    class_id: int
    mask: np.ndarray
    """The whole object, hidden parts included: H×W bool."""
    difficult: bool


@dataclass(frozen=True)
class Scene:
    """An image and what is truly in it."""

    image: np.ndarray
    """H×W×3 uint8 RGB."""
    objects: list[SceneObject] = field(default_factory=list)
    """From the bottom to the top; whole areas strictly fall. Instance ids are 1, 2, …"""
    crowd: SceneObject | None = None
    """A region of many tiny objects below all others, if there is one."""

    @property
    def instances(self) -> np.ndarray:
        """The visible instance of every pixel, H×W uint8; 0 is the background (and the crowd)."""
        instances = np.zeros(self.image.shape[:2], np.uint8)
        for instance_id, item in enumerate(self.objects, start=1):
            instances[item.mask] = instance_id
        return instances

    @property
    def semantic(self) -> np.ndarray:
        """The visible class of every pixel, H×W uint8; 0 is the background (and the crowd)."""
        classes = np.array([0] + [item.class_id for item in self.objects], np.uint8)
        return classes[self.instances]


def draw_scene(
    appearances: Mapping[int, ClassAppearance],
    size: int,
    rng: np.random.Generator,
    *,
    empty: bool = False,
    crowd: bool = False,
) -> Scene:
    """Draw a scene of size×size pixels with 1–4 objects of 1–3 classes.

    Args:
        appearances: how each class looks.
        size: height and width in pixels.
        rng: the only source of randomness.
        empty: draw the background only.
        crowd: draw a group of tiny objects of one class below the others.
    """
    canvas = _background(size, rng)
    if empty:
        return Scene(_finish(canvas, rng))
    group = _draw_crowd(canvas, appearances, rng) if crowd else None
    objects: list[SceneObject] = []
    poses: list[Pose] = []
    for class_id, area in _choose_objects(sorted(appearances), size, rng):
        placed = zip(objects, poses, strict=True)
        siblings = [pose for item, pose in placed if item.class_id == class_id]
        pose = _find_place(appearances[class_id], area, siblings, objects, group, size, rng)
        if pose is None:
            continue
        mask = object_mask(appearances[class_id], pose, size)
        canvas[mask] = object_colours(appearances[class_id], pose, size, rng)[mask]
        objects.append(SceneObject(class_id, mask, difficult=bool(rng.random() < 0.05)))
        poses.append(pose)
    return Scene(_finish(canvas, rng), objects, group)


def void_border(instances: np.ndarray) -> np.ndarray:
    """Return the border between instances, H×W bool, that VOC masks mark as void.

    A pixel belongs to it if one of its four neighbours shows an instance painted above its own, so
    the border lies around the upper object and never takes pixels of it.
    """
    cross = ndimage.generate_binary_structure(2, 1)
    return ndimage.grey_dilation(instances, footprint=cross, mode="nearest") > instances


def _background(size: int, rng: np.random.Generator) -> np.ndarray:
    tone = rng.uniform(80, 110) + rng.uniform(-8, 8, 3)
    coarse = rng.normal(0, 1, (6, 6, 1)) * 9 + rng.normal(0, 1, (6, 6, 3)) * 3
    smooth = ndimage.zoom(coarse, (size / 6, size / 6, 1), order=1, grid_mode=True, mode="nearest")
    return tone + smooth


def _finish(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noisy = canvas + rng.normal(0, 9, canvas.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _choose_objects(
    classes: list[int], size: int, rng: np.random.Generator
) -> list[tuple[int, float]]:
    """Choose class and area of each object, larger first; at most one is large."""
    distinct = min(int(rng.choice([1, 2, 3], p=[0.5, 0.37, 0.13])), len(classes))
    chosen = rng.choice(classes, distinct, replace=False)
    count = max(distinct, int(rng.choice([1, 2, 3, 4], p=[0.2, 0.3, 0.3, 0.2])))
    ids = [*chosen, *rng.choice(chosen, count - distinct)]
    sizes = rng.choice(list(SIZE_CHANCES), count, p=list(SIZE_CHANCES.values()))
    if (sizes == "large").sum() > 1:
        sizes[np.flatnonzero(sizes == "large")[1:]] = "medium"
    areas = [rng.uniform(*SIZE_SHARES[name]) * size**2 for name in sizes]
    return sorted(((int(i), a) for i, a in zip(ids, areas, strict=True)), key=lambda o: -o[1])


def _find_place(
    appearance: ClassAppearance,
    area: float,
    siblings: list[Pose],
    objects: list[SceneObject],
    crowd: SceneObject | None,
    size: int,
    rng: np.random.Generator,
) -> Pose | None:
    """Find a place, often beside a sibling, that leaves everything visible enough."""
    for attempt in range(PLACEMENT_TRIES):
        centre = rng.uniform(0.05 * size, 0.95 * size, 2)
        if siblings and rng.random() < 0.6:
            centre = _beside(siblings[int(rng.integers(len(siblings)))], area, rng)
        elif not objects and attempt == PLACEMENT_TRIES - 1:
            centre = np.array([size / 2, size / 2])
        pose = Pose((float(centre[0]), float(centre[1])), float(rng.uniform(-np.pi, np.pi)), area)
        mask = object_mask(appearance, pose, size)
        if mask.sum() >= 0.6 * area and _fits(mask, objects, crowd):
            return pose
    return None


def _beside(sibling: Pose, area: float, rng: np.random.Generator) -> np.ndarray:
    """Return a centre at which two objects about touch."""
    direction = rng.uniform(-np.pi, np.pi)
    distance = 0.95 * (np.sqrt(sibling.area / np.pi) + np.sqrt(area / np.pi))
    return np.array(sibling.centre) + distance * np.array([np.cos(direction), np.sin(direction)])


def _fits(mask: np.ndarray, objects: list[SceneObject], crowd: SceneObject | None) -> bool:
    least = LEAST_VISIBLE_AREA * mask.size
    if mask.sum() < least or (objects and mask.sum() >= objects[-1].mask.sum()):
        return False
    covered = mask.copy()
    for item in reversed(objects):
        visible = (item.mask & ~covered).sum()
        if visible < max(least, LEAST_VISIBLE_SHARE * item.mask.sum()):
            return False
        covered |= item.mask
    if crowd is None:
        return True
    return bool((crowd.mask & ~covered).sum() >= LEAST_VISIBLE_SHARE * crowd.mask.sum())


def _draw_crowd(
    canvas: np.ndarray, appearances: Mapping[int, ClassAppearance], rng: np.random.Generator
) -> SceneObject:
    """Draw a handful of tiny objects close together; their region is one annotation."""
    size = len(canvas)
    class_id = int(rng.choice(sorted(appearances)))
    middle = rng.uniform(0.25 * size, 0.75 * size, 2)
    region = np.zeros((size, size), bool)
    for _ in range(int(rng.integers(5, 10))):
        centre = np.clip(middle + rng.normal(0, 0.08 * size, 2), 0, size - 1)
        area = rng.uniform(0.003, 0.006) * size**2
        pose = Pose((float(centre[0]), float(centre[1])), float(rng.uniform(-np.pi, np.pi)), area)
        mask = object_mask(appearances[class_id], pose, size)
        canvas[mask] = object_colours(appearances[class_id], pose, size, rng)[mask]
        region |= mask
    return SceneObject(class_id, region, difficult=False)
