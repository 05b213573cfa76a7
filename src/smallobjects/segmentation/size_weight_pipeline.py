"""Size weights found in the data pipeline, so that the training step waits for nothing.

In any configuration of MMSegmentation:

    custom_imports = dict(imports=["smallobjects.segmentation.modules"])
    train_pipeline = [..., dict(type="PackSegInputs"), dict(type="AddSizeWeights", tau=5.0)]
    custom_hooks = [dict(type="SizeWeightHook", start=25000)]
    # in each head
    loss_decode = dict(type="SizeWeightedCrossEntropy", tau=5.0)
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmseg.registry import TRANSFORMS

from smallobjects.losses import nearest_labels, size_weights
from smallobjects.segmentation.size_weighted_loss import SizeWeightedCrossEntropy

KEY = "size_weights"


@TRANSFORMS.register_module()
class AddSizeWeights(BaseTransform):
    """Adds the weights of L_sw to a packed sample, for each resolution of a network's logits.

    Stands after `PackSegInputs`. The key `size_weights` of the sample becomes a list of h×w float32
    tensors.
    """

    def __init__(
        self,
        tau: float = 5.0,
        sizes: Sequence[tuple[int, int]] | None = None,
        padded_size: tuple[int, int] | None = None,
        ignore_index: int = 255,
    ) -> None:
        """Set what is computed.

        Args:
            tau: largest weight of a pixel.
            sizes: height and width of the logits that the losses compare with labels; None for
                that of the labels, to which MMSegmentation's own heads enlarge their logits.
            padded_size: height and width to which the data preprocessor pads crops (its `size`),
                at the right and the bottom; None if it pads none.
            ignore_index: the label of pixels that take no part, which pads as well.
        """
        self.tau = tau
        self.sizes = None if sizes is None else [tuple(size) for size in sizes]
        self.padded_size = padded_size
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        """Add the weights."""
        labels = results["data_samples"].gt_sem_seg.data[0]
        if self.padded_size is not None:
            height, width = self.padded_size
            missing = (0, width - labels.shape[1], 0, height - labels.shape[0])
            labels = F.pad(labels, missing, value=self.ignore_index)
        results[KEY] = [
            size_weights(nearest_labels(labels, size), self.tau, self.ignore_index)
            for size in self.sizes or [tuple(labels.shape)]
        ]
        return results


@HOOKS.register_module()
class SizeWeightHook(Hook):
    """Hands the weights of each batch to the losses, and switches from cross-entropy to L_sw."""

    def __init__(self, start: int = 0) -> None:
        """Set the first iteration of L_sw, counted from 0; before it every pixel weighs 1.

        Iterations are batches, over all epochs and restarts of a training, as MMEngine counts them
        in every loop; with accumulated gradients, several make one step.
        """
        self.start = start
        self._losses: list[SizeWeightedCrossEntropy] = []

    def before_train(self, runner: Runner) -> None:
        """Find the losses of the model."""
        modules = runner.model.modules()
        self._losses = [each for each in modules if isinstance(each, SizeWeightedCrossEntropy)]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Any] | None = None
    ) -> None:
        """Hand the weights over."""
        # In an epoch-based loop `batch_idx` starts anew with each epoch.
        active = runner.iter >= self.start
        weights = _stacked(data_batch or {}, runner) if active else []
        for loss in self._losses:
            loss.active = active
            loss.expect(weights)


def _stacked(batch: dict[str, Any], runner: Runner) -> list[torch.Tensor]:
    device = next(runner.model.parameters()).device
    stacks = [torch.stack(list(of_size)) for of_size in batch.get(KEY, [])]
    return [stack.to(device, non_blocking=True) for stack in stacks]
