"""The losses of CLIMS, in its improved version (CVPR 2022, section 3; authors' public repository).

For an image I and a present class k with activation map P, the object view is P · I and the
remainder (1 − P) · I. s is the cosine of a view and a text.
"""

import torch
from torch import Tensor
from torch.nn import functional

LEAST, MOST = 1e-4, 0.9999
BACKGROUND_SUM_OVER = 16
"""Images over which the published weight of L_CBS sums."""


def cosines(images: Tensor, texts: Tensor) -> Tensor:
    """Return the N×T cosines of N×D image and T×D text embeddings."""
    return functional.normalize(images, dim=-1) @ functional.normalize(texts, dim=-1).T


def views(images: Tensor, maps: Tensor, present: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the object views and the remainders of every image and class present in it.

    Args:
        images: B×3×H×W normalised; 0 is the mean colour.
        maps: B×C×h×w in [0, 1].
        present: M×2, image and class index of each pair.
        size: side of the views; images and maps are brought to it bilinearly.

    Returns:
        M×3×size×size, twice.
    """

    def resized(values: Tensor) -> Tensor:
        return functional.interpolate(values, (size, size), mode="bilinear", align_corners=True)

    image_index, class_index = present.unbind(dim=1)
    regions = resized(maps[image_index, class_index][:, None])
    pictures = resized(images)[image_index]
    return regions * pictures, (1 - regions) * pictures


def matching_loss(similarities: Tensor) -> Tensor:
    """Return L_OTM = −mean log s of M similarities; 0 for none.

    Similarities are clamped, so that it is finite where a cosine is not positive.
    """
    losses = -torch.log(similarities.clamp(LEAST, MOST))
    return losses.sum() / max(1, len(losses))


def remainder_loss(similarities: Tensor) -> Tensor:
    """Return L_BTM = −mean log(1 − s) of M similarities, clamped; 0 for none."""
    losses = -torch.log(1 - similarities.clamp(LEAST, MOST))
    return losses.sum() / max(1, len(losses))


def background_loss(similarities: Tensor, threshold: float, images: int) -> Tensor:
    """Return L_CBS = −Σ log(1 − s) over all s above the threshold.

    The public code takes the sum over a batch of 16 images; here it is scaled to that, whatever
    the batch. A similarity of one is clamped.

    Args:
        similarities: M×T, of object views and background texts.
        threshold: similarities up to this do not count.
        images: images in the batch.
    """
    losses = -torch.log(1 - similarities.clamp(max=MOST))
    return (losses * (similarities > threshold)).sum() * (BACKGROUND_SUM_OVER / images)
