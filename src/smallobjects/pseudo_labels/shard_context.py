"""What every stage gets that works on a shard of a split, beside its settings."""

from dataclasses import dataclass

import torch

from smallobjects.datasets.prepared import PreparedDataset


@dataclass(frozen=True)
class ShardContext:
    """The images of a shard, and where to compute."""

    dataset: PreparedDataset
    image_ids: list[str]
    """Those of the shard, in the order of the split."""
    device: torch.device
