"""Weights of L_sw: the smaller the object that a pixel lies in, the more the pixel counts."""

from typing import TypeVar

import cc3d
import numpy as np
import torch

from smallobjects.losses.label_checks import check_integer_labels, check_no_other_void

Array = TypeVar("Array", np.ndarray, torch.Tensor)


def size_weights(labels: Array, tau: float = 5.0, ignore_index: int = 255) -> Array:
    """Return the weight of every pixel of L_sw.

    In each map, a pixel of a component K (8-connected pixels of one class) weighs
    min(tau, N / |K|), where N is the number of foreground pixels of the map, all classes together.
    Background weighs 1, so does an object that is alone in its image. Components are those of the
    label map itself: a hole is no part of the component around it.

        >>> labels = np.array([[1, 0, 2, 2], [0, 0, 2, 2], [255, 0, 2, 2]])
        >>> size_weights(labels, tau=5.0)  # 7 / 1 is more than 5; 7 / 6
        array([[5.       , 1.       , 1.1666666, 1.1666666],
               [1.       , 1.       , 1.1666666, 1.1666666],
               [0.       , 1.       , 1.1666666, 1.1666666]], dtype=float32)

    Args:
        labels: H×W or N×H×W class ids, any integer type: 0 background, 1.. foreground,
            `ignore_index` for pixels that take no part. Maps of a batch do not touch each other.
        tau: largest weight of a pixel, above 0.
        ignore_index: the label of pixels that weigh 0.

    Returns:
        float32 weights of the same shape and kind (and device) as `labels`, in [0, max(tau, 1)].

    Source: "Small Objects Matters in Weakly-supervised Semantic Segmentation", the size-balanced
    cross-entropy.

    Raises:
        ValueError: `labels` is not H×W or N×H×W integers, one is below 0 and not `ignore_index`, or
            `tau` is not above 0.
    """
    check_integer_labels(labels)
    if labels.ndim not in (2, 3):
        raise ValueError(f"labels must be H×W or N×H×W, not of shape {tuple(labels.shape)}")
    if not tau > 0:
        raise ValueError(f"tau = {tau}: the largest weight must be above 0")
    if isinstance(labels, torch.Tensor):
        return _weights_of_tensor(labels, float(tau), ignore_index)
    if torch.compiler.is_compiling():
        # In a compiled function arrays are tensors, and cc3d takes none of these.
        return _weights_of_tensor(torch.as_tensor(labels), float(tau), ignore_index).numpy()
    return _weights_of_array(labels, tau, ignore_index)


# An operator of torch's own, so that a compiled step calls it as it is.
@torch.library.custom_op("smallobjects::size_weights", mutates_args=())
def _weights_of_tensor(labels: torch.Tensor, tau: float, ignore_index: int) -> torch.Tensor:
    weights = _weights_of_array(labels.detach().cpu().numpy(), tau, ignore_index)
    return torch.from_numpy(weights).to(labels.device)


@_weights_of_tensor.register_fake
def _(labels: torch.Tensor, tau: float, ignore_index: int) -> torch.Tensor:
    return torch.empty_like(labels, dtype=torch.float32, memory_format=torch.contiguous_format)


def _weights_of_array(labels: np.ndarray, tau: float, ignore_index: int) -> np.ndarray:
    if labels.ndim == 2:
        return _weights_of_map(labels, tau, ignore_index)
    weights = np.empty(labels.shape, np.float32)
    for label_map, weight_map in zip(labels, weights, strict=True):
        weight_map[:] = _weights_of_map(label_map, tau, ignore_index)
    return weights


def uniform_weights(labels: torch.Tensor, ignore_index: int = 255) -> torch.Tensor:
    """Return the weights of plain cross-entropy.

        >>> uniform_weights(torch.tensor([[0, 7, 255]]))
        tensor([[1., 1., 0.]])

    Args:
        labels: integers of any shape.
        ignore_index: the label of pixels that weigh 0.

    Returns:
        float32 of the same shape: 1, and 0 where labels are ignored.
    """
    return (labels != ignore_index).float()


def _weights_of_map(labels: np.ndarray, tau: float, ignore_index: int) -> np.ndarray:
    ignored = labels == ignore_index
    # The component finder takes 0 for the background of all components.
    foreground = np.where(ignored, 0, labels)
    check_no_other_void(foreground.min(initial=0), ignore_index)
    components = cc3d.connected_components(foreground.astype(np.int32), connectivity=8)
    sizes = np.bincount(components.ravel())
    weight_of = np.ones(len(sizes))
    weight_of[1:] = np.minimum(tau, sizes[1:].sum() / sizes[1:])
    weights = weight_of.astype(np.float32)[components]
    weights[ignored] = 0
    return weights
