"""How the objects of a synthetic class look: a hue, a texture and a shape of their own.

An object is discriminative at its head only, where hue and texture are full; towards the tail
both fade into a tone that all classes share. A classifier therefore needs the head alone, while
the outline stays visible all around: class activation maps fall short of the object, and methods
that follow image edges can do better.
"""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]

TAIL_COLOUR = np.array([165.0, 160.0, 151.0])
"""RGB of the tail, where all classes look alike."""


def _ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u**2 + (v / 0.62) ** 2 <= 1


def _bar(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (np.abs(u) <= 1) & (np.abs(v) <= 0.55)


def _wedge(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (np.abs(u) <= 1) & (np.abs(v) <= 0.15 + 0.7 * (1 - u) / 2)


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    trunk = (np.abs(u) <= 1) & (np.abs(v) <= 0.36)
    arms = (np.abs(u + 0.25) <= 0.36) & (np.abs(v) <= 0.85)
    return trunk | arms


def _keyhole(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    head = (u + 0.42) ** 2 + v**2 <= 0.58**2
    body = (u >= -0.42) & (u <= 1) & (np.abs(v) <= 0.36)
    return head | body


def _hexagon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (np.abs(v) <= 0.75) & (np.abs(u) + np.abs(v) * 0.55 <= 1)


SHAPES: tuple[Shape, ...] = (_ellipse, _bar, _wedge, _cross, _keyhole, _hexagon)


def _stripes(u: np.ndarray, _v: np.ndarray) -> np.ndarray:
    return np.sign(np.sin(np.pi * u))


def _dots(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.where(np.cos(np.pi * u) + np.cos(np.pi * v) > 0.9, 1.0, -0.4)


def _checks(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.sign(np.sin(np.pi * u) * np.sin(np.pi * v))


TEXTURES: tuple[Shape, ...] = (_stripes, _dots, _checks)


@cache
def _unit_area(shape: Shape) -> float:
    steps = np.linspace(-1.2, 1.2, 241)
    u, v = np.meshgrid(steps, steps)
    return float(shape(u, v).sum() * (steps[1] - steps[0]) ** 2)


@dataclass(frozen=True)
class ClassAppearance:
    """What sets one class apart."""

    hue: float
    """On the colour circle, 0..1."""
    shape: Shape
    texture: Shape


def class_appearances(classes: tuple[int, ...]) -> dict[int, ClassAppearance]:
    """Deal out distinct hues, and textures and shapes in turn, over the class ids given."""
    return {
        class_id: ClassAppearance(
            hue=index / len(classes),
            shape=SHAPES[index % len(SHAPES)],
            texture=TEXTURES[index % len(TEXTURES)],
        )
        for index, class_id in enumerate(classes)
    }


@dataclass(frozen=True)
class Pose:
    """Where one object lies."""

    centre: tuple[float, float]
    """Column and row, in pixels."""
    angle: float
    """From the horizontal to the line from head to tail, in radians."""
    area: float
    """Area of the whole shape, in pixels."""

    def coordinates(self, size: int, shape: Shape) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the coordinates (u from head -1 to tail 1, v across) and the pixels per unit."""
        scale = float(np.sqrt(self.area / _unit_area(shape)))
        rows, columns = np.mgrid[:size, :size].astype(np.float64)
        x, y = (columns - self.centre[0]) / scale, (rows - self.centre[1]) / scale
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return x * cosine + y * sine, y * cosine - x * sine, scale


def object_mask(appearance: ClassAppearance, pose: Pose, size: int) -> np.ndarray:
    """Return the pixels of the whole object as a size×size boolean mask."""
    u, v, _ = pose.coordinates(size, appearance.shape)
    return appearance.shape(u, v)


def object_colours(
    appearance: ClassAppearance, pose: Pose, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Return size×size×3 float RGB (0..255); only the pixels of the mask mean anything."""
    u, v, scale = pose.coordinates(size, appearance.shape)
    hue = (appearance.hue + rng.uniform(-0.03, 0.03)) % 1
    head = 255 * np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.45, 0.75), rng.uniform(0.7, 0.9)))
    strength = np.clip(1.15 - 1.6 * (u + 1) / 2, 0.05, 1)[..., None]
    period = size / 32
    texture = appearance.texture(u * scale / period, v * scale / period)[..., None]
    tail = TAIL_COLOUR * rng.uniform(0.92, 1.05)
    return (strength * head + (1 - strength) * tail) * (1 + 0.22 * strength * texture)
