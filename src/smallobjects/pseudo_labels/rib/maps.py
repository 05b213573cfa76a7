"""Class activation maps of a classifier that is fine-tuned on each image by itself (RIB).

The classifier of IRN is trained further on one image, without the final activation that saturates,
and the maps of all its states are added: M = Σ_{0 ≤ k ≤ K} CAM(x; W_k). The authors' public code
differs: it adds the maps of the first K states only; of a state that exploded it adds the map at
scale 1; and its pooling and training know 20 classes, whatever the dataset has.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.backbone import STAGES
from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.maps import (
    EPSILON,
    divided_by_maximum,
    scaled_views,
    sum_scales,
    sum_views,
)
from smallobjects.pseudo_labels.cams.strides import strided_size
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.rib.parameters import RibParameters
from smallobjects.pseudo_labels.training.schedules import poly_factor

TUNED_FROM = "layer3"


def pool_non_discriminative(maps: Tensor, threshold: float) -> Tensor:
    """Pool by global non-discriminative region pooling (GNDP).

    Σ z(p) over the pixels with z(p) / max z < τ, divided by the number of all pixels. Which pixels
    these are has no gradient.

    Args:
        maps: N×C×h×w, before ReLU.
        threshold: τ.

    Returns:
        N×C logits.
    """
    fixed = maps.detach()
    chosen = fixed / fixed.amax(dim=(2, 3), keepdim=True) < threshold
    return (maps * chosen).mean(dim=(2, 3))


def has_exploded(maps: Tensor, threshold: float, share: float) -> bool:
    """Tell whether the maps K×h×w ≥ 0 of an image's classes are active nearly everywhere.

    They are if more than `share` of the pixels exceed `threshold` times the maximum in any map.
    """
    active = maps / (maps.amax(dim=(1, 2), keepdim=True) + EPSILON) > threshold
    return bool(active.any(dim=0).float().mean() > share)


class TunableClassifier:
    """A classifier whose last stages are fine-tuned on one image after the other."""

    def __init__(self, classifier: Classifier, parameters: RibParameters) -> None:
        """Take over a classifier, in evaluation mode: its statistics stay as they are."""
        stages = list(classifier.backbone.stages.values())
        cut = STAGES.index(TUNED_FROM)
        self.fixed = nn.Sequential(*stages[:cut]).requires_grad_(False)
        self.tuned = nn.Sequential(*stages[cut:], classifier.head).requires_grad_(True)
        self._groups = [
            {
                "params": [p for stage in stages[cut:] for p in stage.parameters()],
                "lr": parameters.learning_rate,
            },
            {"params": list(classifier.head.parameters()), "lr": parameters.head_learning_rate},
        ]
        self._weights = list(self.tuned.parameters())
        self._initial = [weights.detach().clone() for weights in self._weights]
        self._parameters = parameters

    @torch.no_grad()
    def restore(self) -> None:
        """Return to the weights of the beginning."""
        for weights, initial in zip(self._weights, self._initial, strict=True):
            weights.copy_(initial)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return a new optimiser, which knows nothing of earlier images."""
        return torch.optim.SGD(
            [dict(group) for group in self._groups],
            momentum=self._parameters.momentum,
            weight_decay=self._parameters.weight_decay,
        )


class ImageTuning:
    """The fine-tuning on one image: views at all scales, their maps, and the loss.

    The stages that are not tuned see each view once. Maps of one scale and the companions of a step
    go through the network together, and the scales outside the loss without gradients.
    """

    def __init__(
        self,
        network: TunableClassifier,
        image: np.ndarray,
        classes: tuple[int, ...],
        cam: MapParameters,
        parameters: RibParameters,
        device: torch.device,
    ) -> None:
        self._network = network
        self._parameters = parameters
        self._scales = cam.scales
        self._device = device
        self._channels = torch.tensor(classes, device=device) - 1
        with torch.no_grad():
            views = (scaled_views(image, scale, cam.flip, device) for scale in cam.scales)
            self._features = [network.fixed(view) for view in views]

    def maps(self, last: bool) -> list[Tensor]:
        """Return the V×K×h×w maps before ReLU at every scale, with gradients unless `last`."""
        found = []
        for scale, features in zip(self._scales, self._features, strict=True):
            with torch.set_grad_enabled(not last and scale in self._parameters.loss_scales):
                found.append(self._network.tuned(features)[:, self._channels])
        return found

    def backward(self, maps: list[Tensor], companions: tuple[Tensor, Tensor] | None) -> float:
        """Add the gradients of −Σ of the logits of present classes; return the image's own sum."""
        threshold = self._parameters.pooling_threshold
        own = sum(
            pool_non_discriminative(scaled, threshold).sum()
            for scale, scaled in zip(self._scales, maps, strict=True)
            if scale in self._parameters.loss_scales
        )
        (-own).backward()
        if companions is not None and len(companions[0]) > 0:
            images, targets = (part.to(self._device, non_blocking=True) for part in companions)
            with torch.no_grad():
                features = self._network.fixed(images)
            logits = pool_non_discriminative(self._network.tuned(features), threshold)
            (-(logits * targets).sum()).backward()
        return own.item()


def rib_maps(
    network: TunableClassifier,
    image: np.ndarray,
    classes: tuple[int, ...],
    companions: Iterator[tuple[Tensor, Tensor]],
    cam: MapParameters,
    parameters: RibParameters,
    device: torch.device,
) -> tuple[np.ndarray, int]:
    """Return the maps of the classes that are present in an image, and the updates they took.

    Args:
        network: on `device`; its weights are the initial ones before and after.
        image: H×W×3 uint8 RGB.
        classes: K class ids from 1, at least one.
        companions: yields for each step B×3×crop×crop images and their B×C targets.
        cam: the scales, and whether to add the mirror image.
        parameters: the settings.
        device: where to compute.

    Returns:
        K×ceil(H / 4)×ceil(W / 4) float32, each map divided by (its maximum + 1e-5); the updates.

    Raises:
        FloatingPointError: the maps are not finite.
    """
    tuning = ImageTuning(network, image, classes, cam, parameters, device)
    optimizer = network.optimizer()
    rates = [group["lr"] for group in optimizer.param_groups]
    totals, updates = [], 0
    try:
        while True:
            last = updates == parameters.steps
            found = tuning.maps(last)
            active = [sum_views(functional.relu(scaled.detach())) for scaled in found]
            if updates > 0 and has_exploded(
                active[cam.scales.index(1.0)],
                parameters.explosion_threshold,
                parameters.explosion_share,
            ):
                break
            totals = [sum(pair) for pair in zip(totals, active, strict=True)] if totals else active
            if last:
                break
            optimizer.zero_grad(set_to_none=True)
            logits = tuning.backward(found, next(companions, None))
            factor = poly_factor(updates, parameters.steps, parameters.poly_power)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.step()
            updates += 1
            if abs(logits) > parameters.stop_logits:
                break
    finally:
        network.restore()
    maps = divided_by_maximum(sum_scales(totals, strided_size(*image.shape[:2])))
    if not np.isfinite(maps).all():
        raise FloatingPointError("the RIB maps are not finite; lower the learning rates of `rib`")
    return maps, updates
