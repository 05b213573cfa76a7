"""The two label maps of an image: from attention refined by a CRF, and from mean features.

Oh et al., section 3.2: Y_crf and Y_ret. Pixels are sure where both agree.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.bana.network import BoxClassifier
from smallobjects.pseudo_labels.bana.parameters import BanaLabelParameters
from smallobjects.pseudo_labels.bana.pooling import grid_padding
from smallobjects.pseudo_labels.bana.upsampling import Upsampled
from smallobjects.pseudo_labels.boxes import BoxedObject, inside
from smallobjects.pseudo_labels.training.augmentation import VOID, normalise

TINY = 1e-12


@dataclass(frozen=True)
class BanaLabels:
    """The label maps of an image, H×W uint8 each, without void."""

    crf: np.ndarray
    """Y_crf."""
    retrieved: np.ndarray
    """Y_ret."""

    @property
    def agreed(self) -> np.ndarray:
        """Y_crf where Y_ret is the same, 255 elsewhere."""
        return np.where(self.crf == self.retrieved, self.crf, VOID).astype(np.uint8)


def cell_masks(background: np.ndarray, cells: int) -> list[np.ndarray]:
    """Return the H×W background of each of the cells×cells cells that has any."""
    edges = []
    for length in background.shape:
        before, after = grid_padding(length, cells)
        size = (length + before + after) // cells
        edges.append((size * np.arange(cells + 1) - before).clip(0, length))
    masks = []
    for top, bottom in zip(edges[0], edges[0][1:], strict=False):
        for left, right in zip(edges[1], edges[1][1:], strict=False):
            mask = np.zeros_like(background)
            mask[top:bottom, left:right] = background[top:bottom, left:right]
            if mask.any():
                masks.append(mask)
    return masks


def attention_scores(
    features: Upsampled,
    weights: Tensor,
    objects: tuple[BoxedObject, ...],
    shape: tuple[int, int],
    parameters: BanaLabelParameters,
) -> np.ndarray:
    """Return the probabilities of the background and the K present classes, (K + 1)×H×W float32.

    In a box, the background's score is its attention and a class's score is its activation, divided
    by the largest in that box (of boxes of one class that overlap, the last counts); their softmax
    is taken. Outside every box the background has probability 1.

    Args:
        features: of the image.
        weights: num_classes×D of the classifier.
        objects: at least one.
        shape: height and width of the image.
        parameters: the settings.
    """
    within = torch.from_numpy(inside(objects, shape)).to(features.norms.device)
    masks = cell_masks(~within.cpu().numpy(), parameters.cells)
    queries = [features.mean(torch.from_numpy(mask).to(within.device)) for mask in masks]
    attention = torch.zeros_like(features.norms)
    if queries:
        attention = features.cosines(torch.stack(queries)).clamp(min=0).mean(dim=0)
        attention[attention < parameters.background_threshold * attention.max()] = 0
    classes = sorted({item.class_id for item in objects})
    activations = features.dot(weights[classes]).clamp(min=0)
    scores = torch.zeros((len(classes) + 1, *shape), device=within.device)
    scores[0] = torch.where(within, attention, 1)
    for item in objects:
        place = classes.index(item.class_id)
        region = activations[place][item.window]
        scores[place + 1][item.window] = region / (region.max() + TINY)
    scores[:, within] = torch.softmax(scores[:, within], dim=0)
    return scores.cpu().numpy()


def retrieval_scores(
    features: Upsampled,
    weights: Tensor,
    label: np.ndarray,
    objects: tuple[BoxedObject, ...],
) -> np.ndarray:
    """Return the likeness of pixels to the background's and each present class's mean feature.

    The mean is over the pixels that `label` gives the class; the classifier's weights stand in for
    a class without any. Classes are 0 outside their boxes, the background 1 outside all boxes.

    Args:
        features: of the image.
        weights: num_classes×D of the classifier.
        label: H×W, Y_crf.
        objects: at least one.

    Returns:
        (K + 1)×H×W float32.
    """
    classes = [0, *sorted({item.class_id for item in objects})]
    regions = [torch.from_numpy(label == c).to(weights.device) for c in classes]
    means = [
        features.mean(region) if region.any() else weights[class_id]
        for class_id, region in zip(classes, regions, strict=True)
    ]
    scores = features.cosines(torch.stack(means)).clamp(min=0).cpu().numpy()
    scores[0][~inside(objects, label.shape)] = 1
    for place, class_id in enumerate(classes[1:], start=1):
        scores[place][~inside(objects, label.shape, class_id)] = 0
    return scores


def make_labels(
    features: Tensor,
    weights: Tensor,
    image: np.ndarray,
    objects: tuple[BoxedObject, ...],
    parameters: BanaLabelParameters,
) -> BanaLabels:
    """Make the two label maps of an image from its features.

    Args:
        features: D×h×w.
        weights: num_classes×D of the classifier.
        image: H×W×3 uint8, the original RGB values.
        objects: without any, everything is background.
        parameters: the settings.
    """
    shape = image.shape[:2]
    if not objects:
        nothing = np.zeros(shape, dtype=np.uint8)
        return BanaLabels(nothing, nothing)
    upsampled = Upsampled(features, shape)
    ids = np.array([0, *sorted({item.class_id for item in objects})], dtype=np.uint8)
    probabilities = attention_scores(upsampled, weights, objects, shape, parameters)
    refined = refine_probabilities(image, probabilities, parameters.crf)
    for place, class_id in enumerate(ids[1:].tolist(), start=1):
        refined[place][~inside(objects, shape, class_id)] = 0
    crf = ids[refined.argmax(axis=0)]
    retrieved = ids[retrieval_scores(upsampled, weights, crf, objects).argmax(axis=0)]
    return BanaLabels(crf, retrieved)


@torch.no_grad()
def label_image(
    classifier: BoxClassifier,
    image: np.ndarray,
    objects: tuple[BoxedObject, ...],
    parameters: BanaLabelParameters,
    device: torch.device,
) -> BanaLabels:
    """Make the two label maps of an image.

    Args:
        classifier: in evaluation mode, on `device`.
        image: H×W×3 uint8, the original RGB values.
        objects: of the image.
        parameters: the settings.
        device: where to compute.
    """
    features = classifier.features(torch.from_numpy(normalise(image))[None].to(device))[0]
    return make_labels(features, classifier.head.weight, image, objects, parameters)
