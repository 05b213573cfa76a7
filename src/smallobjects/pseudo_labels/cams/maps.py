"""Class activation maps over several scales and the mirror image (IRN).

CAM_c(x) = ReLU(w_c · f(x)), summed over scales and mirror image, divided by its own maximum.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.strides import STRIDE, strided_size
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image

EPSILON = 1e-5


def to_image_size(maps: Tensor, height: int, width: int) -> Tensor:
    """Enlarge K×h×w maps at stride 4 to K×height×width.

    Bilinear by a factor of exactly 4, then cut to the image: cell (i, j) stays over its own pixels
    whether or not the image's sides divide by 4.
    """
    enlarged = functional.interpolate(
        maps[None], scale_factor=STRIDE, mode="bilinear", align_corners=False
    )[0]
    return enlarged[:, :height, :width]


def scaled_views(image: np.ndarray, scale: float, flip: bool, device: torch.device) -> Tensor:
    """Return an H×W×3 uint8 image at a scale, and its mirror image if asked for.

    Returns:
        V×3×round(scale · H)×round(scale · W) float32, normalised; V is 2 with the mirror image.
    """
    scaled = torch.from_numpy(normalise(rescale_image(image, scale))).to(device)
    return torch.stack([scaled, scaled.flip(-1)]) if flip else scaled[None]


def sum_views(maps: Tensor) -> Tensor:
    """Add V×K×h×w maps of `scaled_views`, the mirror image's turned back; return K×h×w."""
    return maps[0] + maps[1].flip(-1) if len(maps) == 2 else maps[0]


def sum_scales(maps: Iterable[Tensor], size: tuple[int, int]) -> Tensor:
    """Bring the K×h×w maps of all scales to one size (bilinear) and add them."""
    return sum(
        functional.interpolate(scaled[None], size=size, mode="bilinear", align_corners=False)[0]
        for scaled in maps
    )


def divided_by_maximum(maps: Tensor) -> np.ndarray:
    """Return K×h×w maps ≥ 0 as float32, each divided by (its maximum + 1e-5)."""
    return (maps / (maps.amax(dim=(1, 2), keepdim=True) + EPSILON)).cpu().numpy()


def multi_scale_cam(
    classifier: Classifier,
    image: np.ndarray,
    classes: tuple[int, ...],
    parameters: MapParameters,
    device: torch.device,
) -> np.ndarray:
    """Return the maps of the classes that are present in an image.

    Args:
        classifier: in evaluation mode, on `device`.
        image: H×W×3 uint8 RGB.
        classes: K class ids from 1.
        parameters: scales and whether to add the mirror image.
        device: where to compute.

    Returns:
        K×ceil(H / 4)×ceil(W / 4) float32, each map divided by (its maximum + 1e-5).
    """
    return multi_scale_maps(classifier.activation_maps, image, classes, parameters, device)


@torch.no_grad()
def multi_scale_maps(
    maps_of: Callable[[Tensor], Tensor],
    image: np.ndarray,
    classes: tuple[int, ...],
    parameters: MapParameters,
    device: torch.device,
) -> np.ndarray:
    """Add the maps of an image's classes over several scales and the mirror image.

    Args:
        maps_of: gives V×C×h×w maps ≥ 0 of V×3×H'×W' views, the class with id 1 first.
        image: H×W×3 uint8 RGB.
        classes: K class ids from 1.
        parameters: scales and whether to add the mirror image.
        device: where to compute.

    Returns:
        K×ceil(H / 4)×ceil(W / 4) float32, each map divided by (its maximum + 1e-5).
    """
    size = strided_size(*image.shape[:2])
    if not classes:
        return np.zeros((0, *size), dtype=np.float32)
    channels = torch.tensor(classes, device=device) - 1
    views = (scaled_views(image, scale, parameters.flip, device) for scale in parameters.scales)
    maps = (sum_views(maps_of(view)[:, channels]) for view in views)
    return divided_by_maximum(sum_scales(maps, size))


def threshold_cam(
    classes: np.ndarray, maps: np.ndarray, height: int, width: int, background: float
) -> np.ndarray:
    """Turn maps into a label map: argmax of a constant background score and the enlarged maps.

    Args:
        classes: K class ids.
        maps: K×h×w float32 at stride 4.
        height: of the image.
        width: of the image.
        background: the background score, in [0, 1].

    Returns:
        height×width uint8 with 0 and the given class ids; all 0 where K = 0.
    """
    if len(classes) == 0:
        return np.zeros((height, width), dtype=np.uint8)
    full = to_image_size(torch.from_numpy(maps), height, width).numpy()
    return label_by_argmax(classes, full, background)


def label_by_argmax(classes: np.ndarray, scores: np.ndarray, background: float) -> np.ndarray:
    """Return argmax[background, scores] as class ids.

    Args:
        classes: K class ids.
        scores: K×H×W float.
        background: score of class 0, the same at every pixel; it wins ties.

    Returns:
        H×W uint8.
    """
    best = scores.argmax(axis=0)
    found = np.asarray(classes, dtype=np.uint8)[best]
    return np.where(scores.max(axis=0) > background, found, 0).astype(np.uint8)
