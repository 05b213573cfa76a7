"""Regional semantic contrast with mixed regions (section 3.2)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.rca.regions import present, region_masks, region_means

LEAST_SUM = 1e-4


@dataclass(frozen=True)
class RegionPair:
    """A region of a class in an image, and the region that it is mixed with."""

    image: int
    index: int
    """Of the class, from 0."""
    other_image: int
    other_index: int
    share: float
    """λ: how much of the mixture is the first region."""


def draw_pairs(targets: Tensor, alpha: float, generator: np.random.Generator) -> list[RegionPair]:
    """Draw a partner for every class of every image of a batch.

    The partner is a random class of a random image that has one, which may be the image itself.

    Args:
        targets: B×C multi-hot.
        alpha: λ ~ Beta(α, α).
        generator: gives all that is drawn.
    """
    classes = present(targets)
    partners = [image for image, found in enumerate(classes) if found]
    pairs = []
    for image, found in enumerate(classes):
        for index in found:
            other = int(generator.choice(partners))
            other_index = int(generator.choice(classes[other]))
            share = float(generator.beta(alpha, alpha))
            pairs.append(RegionPair(image, index, other, other_index, share))
    return pairs


def contrast_loss(
    embeddings: Tensor,
    coarse: Tensor,
    pairs: list[RegionPair],
    memory: Tensor,
    temperature: float,
) -> Tensor:
    """Return the contrast of the mixed regions of a batch with the memory.

    For a mixture e = λ e_a + (1 − λ) e_b of the regions of the classes a and b, normalised, the
    loss is λ ℓ_a(e) + (1 − λ) ℓ_b(e), where ℓ_c is the mean over the remembered p of class c of
    −log(exp(e·p/t) / (exp(e·p/t) + Σ exp(e·n/t))), the n being those of all other classes. It is
    averaged over the classes of an image and added over the images. A pair in which a class has no
    region counts 0.

    Args:
        embeddings: B×d×h×w, of the embedding head.
        coarse: B×C×h×w maps of the coarse head, which tell the regions.
        pairs: what is mixed.
        memory: C×L×d; no gradient reaches it.
        temperature: t.
    """
    if not pairs:
        return embeddings.sum() * 0
    masks = region_masks(coarse)
    mixed, weights = [], []
    classes = [sum(pair.image == image for pair in pairs) for image in range(len(embeddings))]
    for pair in pairs:
        chosen = masks[pair.image, pair.index], masks[pair.other_image, pair.other_index]
        first, second = (
            region_means(embeddings[image], mask[None])[0]
            for image, mask in zip((pair.image, pair.other_image), chosen, strict=True)
        )
        mixed.append(pair.share * first + (1 - pair.share) * second)
        complete = all(bool(mask.any()) for mask in chosen)
        weights.append(complete / classes[pair.image])
    logits = _similarities(torch.stack(mixed), memory.detach()) / temperature
    shares = logits.new_tensor([[pair.share, 1 - pair.share] for pair in pairs])
    of_classes = torch.tensor([[pair.index, pair.other_index] for pair in pairs])
    losses = (_class_losses(logits, of_classes.to(logits.device)) * shares).sum(dim=1)
    return (losses * logits.new_tensor(weights)).sum()


def _similarities(regions: Tensor, memory: Tensor) -> Tensor:
    """Return the cosines of M×d regions and C×L×d memory, M×C×L."""
    normalised = functional.normalize(regions, dim=-1), functional.normalize(memory, dim=-1)
    return torch.einsum("md,cld->mcl", *normalised)


def _class_losses(logits: Tensor, classes: Tensor) -> Tensor:
    """Return ℓ of M×C×L logits for M×2 classes, M×2."""
    shifted = logits - logits.detach().amax(dim=(1, 2), keepdim=True)
    sums = shifted.exp().sum(dim=2)
    places = torch.arange(len(logits), device=logits.device)[:, None]
    positives = shifted[places, classes]
    # Added up anew for each class: a difference of nearly equal sums would be rough.
    others = torch.ones_like(sums[:, None].expand(-1, classes.shape[1], -1))
    others = others.scatter(2, classes[..., None], 0)
    negatives = (sums[:, None] * others).sum(dim=2, keepdim=True)
    total = (negatives + positives.exp()).clamp(min=LEAST_SUM)
    return (total.log() - positives).mean(dim=2)
