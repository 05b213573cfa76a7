"""The metric with the interface of torchmetrics, for Lightning and for a `MetricCollection`."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from smallobjects.metrics.accumulator import InstanceIoU, score_masks, summarize_scores
from smallobjects.metrics.areas import AREAS
from smallobjects.metrics.checks import as_batch
from smallobjects.metrics.instances import ROW, SIZE_LIMITS

SCORES = ("miou", "ia_miou", "ia_miou_foreground", "ia_s", "ia_m", "ia_l", "miou_i", "miou_c")
PER_CLASS = ("iou", "ia_iou", "ia_s", "ia_m", "ia_l")
DIGEST = "S32"
"""How an image is told: by a hash of its id, which has one length for ids of any length."""


class TorchInstanceIoU(Metric):
    """IA-mIoU, its parts by size, and mIoU, as a metric of torchmetrics.

        >>> from torchmetrics import MetricCollection
        >>> metrics = MetricCollection([TorchInstanceIoU(num_classes=2)])
        >>> truth = torch.tensor([[[1, 1, 0], [0, 0, 0]]])  # one object of class 1, whose id is 1
        >>> found = torch.tensor([[[1, 0, 0], [0, 0, 0]]])
        >>> metrics.update(preds=found, target=truth, instances=truth, images=["image 1"])
        >>> metrics.compute()["ia_s"]
        tensor(0.5000)

    A few numbers per image are kept, not the masks; they are gathered from all processes as
    torchmetrics does it. An image that several processes score, as samplers do that pad the last
    batch, counts once where `images` names it.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0
    rows: list[Tensor]
    areas: list[Tensor]

    def __init__(
        self,
        num_classes: int,
        ignore_index: int = 255,
        size_limits: tuple[int, int] = SIZE_LIMITS,
        per_class: bool = False,
        **settings: Any,
    ) -> None:
        """Start without images.

        Args:
            num_classes: C, background (class 0) included.
            ignore_index: the void value of both ground-truth masks.
            size_limits: areas in pixels; small < first <= medium < second <= large.
            per_class: return the scores of each class too.
            settings: of `torchmetrics.Metric`, such as `sync_on_compute`.

        Raises:
            ValueError: as `InstanceIoU`.
        """
        super().__init__(**settings)
        checked = InstanceIoU(num_classes, ignore_index, size_limits)
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.size_limits, self.per_class = checked.size_limits, per_class
        self.add_state("rows", default=[], dist_reduce_fx="cat")
        self.add_state("areas", default=[], dist_reduce_fx="cat")

    def update(
        self,
        preds: Tensor,
        target: Tensor,
        instances: Tensor,
        images: Sequence[object] | None = None,
    ) -> None:
        """Score a batch.

        Args:
            preds: N×H×W integers, classes 0..C-1; or N×C×H×W scores, floating point.
            target: N×H×W integers of the ground truth; `ignore_index` is void.
            instances: the same of the instances: 0 background, ids 1..65535, `ignore_index` void.
            images: N ids that tell images apart; without them every image is one of its own.

        Raises:
            ValueError: as `InstanceIoU.update`.
        """
        if torch.is_floating_point(preds) and preds.ndim == 4:
            preds = preds.argmax(dim=1)
        masks = as_batch(preds, target, instances)
        names = [uuid.uuid4().hex for _ in masks[0]] if images is None else list(map(str, images))
        if any(len(mask) != len(names) for mask in masks):
            raise ValueError(f"{len(names)} images for batches of {[len(mask) for mask in masks]}")
        for name, *parts in zip(names, *masks, strict=True):
            try:
                scores = score_masks(*parts, self.num_classes, self.ignore_index, self.size_limits)
            except ValueError as error:
                raise ValueError(f"image {name!r}: {error}") from error
            for state, records in zip((self.rows, self.areas), scores, strict=True):
                state.append(_as_bytes(name, records).to(self.device))

    def compute(self) -> dict[str, Tensor]:
        """Return the scores of all images, as scalars in 0..1; NaN where nothing is counted.

        The names are those of `summarize_images`: miou, ia_miou, ia_miou_foreground, ia_s, ia_m,
        ia_l, miou_i, miou_c; with `per_class`, `ia_s/3` and the like of each class too.

        Raises:
            ValueError: an image was scored twice, with different results.
        """
        rows = _by_image(self.rows, ROW, ("class_id", "instance_id"))
        areas = _by_image(self.areas, AREAS, ("class_id",))
        images = sorted(areas)
        scores = [(rows.get(image, np.empty(0, ROW)), areas[image]) for image in images]
        summary = summarize_scores(images, scores, self.num_classes)
        found = {name: summary[name] for name in SCORES}
        if self.per_class:
            for entry in summary["per_class"]:
                values = {name: entry[name] for name in PER_CLASS}
                found |= {f"{name}/{entry['class_id']}": value for name, value in values.items()}
        return {name: self._scalar(value) for name, value in found.items()}

    def sync(self, *arguments: Any, **settings: Any) -> None:
        """Gather the states of all processes; see `torchmetrics.Metric.sync`."""
        # For a process without images torchmetrics would send numbers of another type and shape.
        for state, dtype in ((self.rows, ROW), (self.areas, AREAS)):
            if isinstance(state, list) and not state:
                state.append(_as_bytes("", np.empty(0, dtype)).to(self.device))
        super().sync(*arguments, **settings)

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Draw what `compute` or `forward` returned, or a list of it over time, by matplotlib.

        Args:
            val: one result or several; that of `compute` if not given.
            ax: the axes to draw into.

        Returns:
            Figure and axes.
        """
        return self._plot(val, ax)

    def _scalar(self, value: float | None) -> Tensor:
        return torch.tensor(float("nan") if value is None else value, device=self.device)


def _as_bytes(image: str, records: np.ndarray) -> Tensor:
    """Return the records of an image, with its hash, as bytes, which processes can exchange."""
    named = np.empty(len(records), _named(records.dtype))
    named["image"] = hashlib.blake2b(image.encode(), digest_size=16).hexdigest()
    for name in records.dtype.names:
        named[name] = records[name]
    return torch.from_numpy(named.view(np.uint8).reshape(len(named), named.dtype.itemsize))


def _by_image(
    state: Tensor | list[Tensor], dtype: np.dtype, key: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Undo `_as_bytes` for all images; what several processes have alike counts once."""
    # After synchronisation torchmetrics gives one tensor in place of the list.
    parts = [part for part in ([state] if isinstance(state, Tensor) else state) if len(part)]
    if not parts:
        return {}
    named = np.unique(np.ascontiguousarray(torch.cat(parts).cpu()).view(_named(dtype)).ravel())
    if len(np.unique(named[["image", *key]])) != len(named):
        raise ValueError("an image was scored twice, with different results")
    images, starts = np.unique(named["image"], return_index=True)
    records = np.empty(len(named), dtype)
    for name in dtype.names:
        records[name] = named[name]
    split = np.split(records, starts[1:])
    return {image.decode(): part for image, part in zip(images, split, strict=True)}


def _named(dtype: np.dtype) -> np.dtype:
    return np.dtype([("image", DIGEST), *dtype.descr])
