"""Batch normalisation over the parts of a batch that several processes hold."""

import torch
import torch.distributed.nn.functional as collective
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from smallobjects.segmentation.distributed import process_count


class SynchronisedBatchNorm(nn.BatchNorm2d):
    """BatchNorm whose statistics are those of all processes, on any device.

    torch's own SyncBatchNorm does the same, faster, but on GPUs only.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise N×C×H×W features."""
        if not self.training or process_count() == 1:
            return super().forward(features)
        over, shape = (0, 2, 3), (1, -1, 1, 1)
        count = features.new_tensor(features.numel() / features.shape[1])
        count = collective.all_reduce(count)
        mean = collective.all_reduce(features.sum(over)) / count
        centred = features - mean.view(shape)
        variance = collective.all_reduce(centred.square().sum(over)) / count
        if self.track_running_stats:
            self._follow(mean.detach(), variance.detach() * count / (count - 1))
        normalised = centred * torch.rsqrt(variance + self.eps).view(shape)
        if not self.affine:
            return normalised
        return normalised * self.weight.view(shape) + self.bias.view(shape)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics; `variance` is the unbiased one."""
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def synchronise_batch_norm(model: nn.Module, device: torch.device) -> nn.Module:
    """Return the model with every BatchNorm that is trained synchronised over processes.

    Layers whose statistics stay fixed in training are left alone. Names of weights do not change.
    """
    model.train()
    replaced = {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, _BatchNorm) and layer.training
    }
    for name, layer in replaced.items():
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, _synchronised(layer, device))
    return model


def _synchronised(layer: _BatchNorm, device: torch.device) -> nn.Module:
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(layer)
    copy = SynchronisedBatchNorm(
        layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
    )
    # The very same parameters and buffers, not copies of them.
    copy._parameters, copy._buffers = layer._parameters, layer._buffers
    return copy.train(layer.training)
