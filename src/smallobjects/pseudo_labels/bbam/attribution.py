"""The mask of an object: the smallest part of the image with which the detector sees the same.

Lee et al., section 3.2. Objects are optimised together: their terms are summed, and as no mask has
a part in another's term, each comes out as it would alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.bbam.detector import Detector
from smallobjects.pseudo_labels.bbam.parameters import AttributionParameters


@dataclass(frozen=True)
class AttributionTarget:
    """An object, and what the detector says of it in the whole image."""

    image: Tensor
    """3×H×W normalised, filled up; masked pixels become 0, the mean colour."""
    shape: tuple[int, int]
    """Height and width of the image without what is filled up."""
    class_id: int
    boxes: Tensor
    """N×4, N > 0: the given proposals."""
    regressions: Tensor
    """N×4, raw, for the object's class."""
    probabilities: Tensor
    """N, of the object's class."""
    initial: Tensor
    """h×w, the mask at first."""


def mask_stride(box_area: float, image_area: float, base: float, slope: float) -> float:
    """Return base + slope · √(area of box / area of image), in pixels."""
    return base + slope * (box_area / image_area) ** 0.5


def initial_mask(regressed: Tensor, shape: tuple[int, int], stride: float) -> Tensor:
    """Return the mask that is 1 in the union of boxes: ⌊H / stride⌋×⌊W / stride⌋, at least 1×1.

    Args:
        regressed: N×4, the regressed proposals.
        shape: height and width of the image.
        stride: pixels per cell; corners are floored to cells.
    """
    mask = torch.zeros([max(1, int(side / stride)) for side in shape])
    for x0, y0, x1, y1 in (regressed.clamp(min=0) / stride).int().tolist():
        mask[y0:y1, x0:x1] = 1
    return mask.to(regressed.device)


def total_variation(mask: Tensor, power: float) -> Tensor:
    """Return the sum of |difference|^power of the neighbours in an h×w mask.

    Diagonal neighbours count twice, as in the public code.
    """

    def term(one: Tensor, other: Tensor) -> Tensor:
        return (one - other).abs().pow(power).sum()

    diagonal = term(mask[:-1, :-1], mask[1:, 1:]) + term(mask[1:, :-1], mask[:-1, 1:])
    straight = term(mask[:-1], mask[1:]) + term(mask[:, :-1], mask[:, 1:])
    return straight + 2 * diagonal


def masked_image(target: AttributionTarget, mask: Tensor) -> Tensor:
    """Return the image times its mask, upsampled bilinearly, corners aligned: 3×H×W."""
    full = functional.interpolate(
        mask[None, None], target.shape, mode="bilinear", align_corners=True
    )
    below, beside = (a - b for a, b in zip(target.image.shape[1:], target.shape, strict=True))
    return target.image * functional.pad(full, (0, beside, 0, below))[0]


def changes(logits: Tensor, regressions: Tensor, targets: list[AttributionTarget]) -> Tensor:
    """Return for each target how much class and box differ from those in the whole image.

    ½ · mean |difference of regressions| + ½ · |difference of probabilities|, the mean over the
    target's proposals.

    Args:
        logits: N×C of all proposals, those of the first target first.
        regressions: N×C×4.
        targets: T objects.

    Returns:
        T values.
    """
    counts = torch.tensor([len(target.boxes) for target in targets], device=logits.device)
    classes = torch.tensor([target.class_id for target in targets], device=logits.device)
    owner = torch.repeat_interleave(torch.arange(len(targets), device=logits.device), counts)
    rows = torch.arange(len(owner), device=logits.device)
    wanted = torch.cat([target.regressions for target in targets])
    likely = torch.cat([target.probabilities for target in targets])
    box = (regressions[rows, classes[owner]] - wanted).abs().mean(dim=1)
    label = (logits.softmax(dim=1)[rows, classes[owner]] - likely).abs()
    total = torch.zeros(len(targets), device=logits.device, dtype=logits.dtype)
    return total.index_add(0, owner, (box + label) / 2) / counts


def objective(
    detector: Detector,
    targets: list[AttributionTarget],
    masks: list[Tensor],
    parameters: AttributionParameters,
) -> Tensor:
    """Return the objective of each target: changes + λ Σ|m| + η TV(m).

    Args:
        detector: in evaluation mode.
        targets: T objects whose images have one size.
        masks: for each its h×w mask; they may differ in size.
        parameters: the settings.

    Returns:
        T values.
    """
    images = torch.stack([masked_image(t, m) for t, m in zip(targets, masks, strict=True)])
    logits, regressions = detector.classify(images, [target.boxes for target in targets])
    areas = torch.stack([mask.abs().sum() for mask in masks])
    variations = torch.stack([total_variation(mask, parameters.variation_power) for mask in masks])
    return (
        changes(logits, regressions, targets)
        + parameters.area_weight * areas
        + parameters.variation_weight * variations
    )


def optimise_masks(
    detector: Detector, targets: list[AttributionTarget], parameters: AttributionParameters
) -> list[Tensor]:
    """Minimise the objective over the masks of several objects at once (Adam, clamped to [0, 1]).

    Args:
        detector: in evaluation mode, its weights without gradients.
        targets: objects whose images have one size.
        parameters: the settings.

    Returns:
        For each its h×w mask.
    """
    masks = [target.initial.clone().requires_grad_() for target in targets]
    optimizer = torch.optim.Adam(masks, lr=parameters.learning_rate)
    for _ in range(parameters.steps):
        loss = objective(detector, targets, masks, parameters).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for mask in masks:
                mask.clamp_(0, 1)
    return [mask.detach() for mask in masks]
