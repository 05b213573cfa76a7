"""Semantic aggregation: features that take up the prototypes of all classes (section 3.3)."""

import torch
from torch import Tensor, nn

from smallobjects.pseudo_labels.rca.clustering import kmeans

SHARPNESS = 20


class SemanticAggregation(nn.Module):
    """Attention from positions to prototypes, without a softmax, joined to the features.

    With the prototypes P (M×d, M = C·K), queries q = W_q x, keys k = W_k P and values v = W_v P:
    x' = W_o [x, W_a Σ_m (q·k_m) · 20/K · v_m].
    """

    prototypes: Tensor
    """C×K×d, random normal values until they are first clustered."""

    def __init__(self, num_classes: int, prototypes: int, channels: int) -> None:
        """Build the unit; the prototypes are drawn from torch's generator.

        Args:
            num_classes: C, without the background.
            prototypes: K, of each class.
            channels: d, of the features.
        """
        super().__init__()
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.project = nn.Conv2d(channels, channels, 1)
        self.join = nn.Conv2d(2 * channels, channels, 1)
        self.register_buffer("prototypes", torch.randn(num_classes, prototypes, channels))

    def forward(self, features: Tensor) -> Tensor:
        """Map B×d×h×w features to as many."""
        prototypes = self.prototypes.flatten(0, 1)
        scale = SHARPNESS / self.prototypes.shape[1]
        queries = self.query(features).flatten(2).transpose(1, 2)
        similarities = queries @ self.key(prototypes).T * scale
        aggregated = (similarities @ self.value(prototypes)).transpose(1, 2)
        aggregated = self.project(aggregated.unflatten(2, features.shape[2:]))
        return self.join(torch.cat([features, aggregated], dim=1))

    @torch.no_grad()
    def cluster(self, vectors: Tensor, seed: int) -> None:
        """Take the cluster centres of C×L×d remembered vectors as prototypes."""
        generator = torch.Generator().manual_seed(seed)
        for index, remembered in enumerate(vectors):
            self.prototypes[index] = kmeans(remembered, self.prototypes.shape[1], generator)
