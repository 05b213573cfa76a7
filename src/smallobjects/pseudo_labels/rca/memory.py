"""The memory of regions: a ring of feature vectors for each class."""

import torch
from torch import Tensor, nn

from smallobjects.pseudo_labels.rca.regions import present, region_masks, region_means


class RegionMemory(nn.Module):
    """C rings of L vectors; a region joins the entry whose turn it is."""

    vectors: Tensor
    """C×L×d, random normal values at first."""
    places: Tensor
    """C int64: the entry of each class whose turn it is."""

    def __init__(self, num_classes: int, length: int, channels: int) -> None:
        """Draw the memory from torch's generator.

        Args:
            num_classes: C, without the background.
            length: L.
            channels: d, of the features.
        """
        super().__init__()
        self.register_buffer("vectors", torch.randn(num_classes, length, channels))
        self.register_buffer("places", torch.zeros(num_classes, dtype=torch.int64))

    @torch.no_grad()
    def remember(
        self,
        features: Tensor,
        coarse: Tensor,
        targets: Tensor,
        probabilities: Tensor,
        *,
        least: float,
        momentum: float,
    ) -> None:
        """Let the regions of a batch join the memory, image by image.

        v ← m v + (1 − m) e, where e is the mean of the features over the class's region. Each class
        sees the features as they are: the public code masks them anew for every class of an image,
        on top of the masks of its classes before. A class without a region is left out.

        Args:
            features: B×d×h×w, of the backbone.
            coarse: B×C×h×w maps of the coarse head.
            targets: B×C, 1 where a class is present.
            probabilities: B×C of the fine head.
            least: regions join of classes with more than this probability.
            momentum: m.
        """
        masks = region_masks(coarse)
        for image, classes in enumerate(present(targets)):
            for index in classes:
                mask = masks[image, index]
                if probabilities[image, index] <= least or not mask.any():
                    continue
                [region] = region_means(features[image], mask[None])
                place = int(self.places[index])
                entry = self.vectors[index, place]
                self.vectors[index, place] = momentum * entry + (1 - momentum) * region
                self.places[index] = (place + 1) % self.vectors.shape[1]
