"""MMEngine's Runner, with the network fitted to where it is trained."""

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.runner import Runner
from torch import nn

from smallobjects.segmentation.distributed import process_count
from smallobjects.segmentation.synchronised_batch_norm import synchronise_batch_norm


class SegmentorRunner(Runner):
    """A Runner whose network is laid out and compiled as configured, and synchronises BatchNorm."""

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """Leave out what MMEngine logs of the machine, since the log has errors only.

        To find it out takes as long as it takes to import PyTorch.
        """

    def dump_config(self) -> None:
        """Leave out the copy of the configuration in the scratch folder: it is published."""

    def build_model(self, model: nn.Module | dict[str, Any]) -> nn.Module:
        """Build the network, before it is wrapped to train in several processes."""
        network = super().build_model(model)
        if self.cfg.get("channels_last"):
            # Random values are drawn in the order of memory, so they come first.
            network.init_weights()
            network = network.to(memory_format=torch.channels_last)
        if process_count() > 1:
            network = synchronise_batch_norm(network, torch.device(get_device()))
        if self.cfg.get("compile_backbone"):
            # In place: the names of the weights stay.
            network.backbone.compile()
        return network
