"""The classifier of parts of boxes and of background cells (BANA)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.bana.pooling import background_queries, pool_boxes
from smallobjects.pseudo_labels.training.network_file import (
    load_network_of_classes,
    rebuilding,
    save_network,
)

KIND = "box-classifier"
HEAD_DEVIATION = 0.01


class BoxClassifier(nn.Module):
    """A backbone, and a linear classifier of pooled features into background and C classes."""

    def __init__(self, network: str, num_classes: int, weights: Path | None = None) -> None:
        """Build the classifier; `num_classes` includes the background."""
        super().__init__()
        self.network = network
        self.num_classes = num_classes
        self.backbone = build_backbone(network, weights)
        self.head = nn.Linear(self.backbone.shapes[-1].channels, num_classes, bias=False)
        nn.init.normal_(self.head.weight, std=HEAD_DEVIATION)

    def features(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×D×h×w."""
        return self.backbone(images)[-1]

    def forward(
        self,
        images: Tensor,
        boxes: Tensor,
        background: Tensor,
        *,
        cells: int,
        bins: int,
        least_background: float,
    ) -> tuple[Tensor, Tensor]:
        """Classify all parts of boxes, then all cells of the background.

        Args:
            images: B×3×H×W normalised.
            boxes: B×M×5, class, x0, y0, x1, y1; rows of the class 0 are no boxes.
            background: B×H×W float, 1 outside every box.
            cells: G, of the background in each direction.
            bins: parts of a box in each direction.
            least_background: images with no larger share of background pool plainly.

        Returns:
            N×num_classes logits and the N int64 classes that they should have.
        """
        features = self.features(images)
        queries, valid = background_queries(features, background, cells)
        aware = background.mean(dim=(1, 2)) > least_background
        pooled, targets = [], []
        for place, rows in enumerate(boxes):
            own = rows[rows[:, 0] > 0]
            if len(own) == 0:
                continue
            used = queries[place][valid[place] & aware[place]]
            corners = own[:, 1:].cpu().numpy()
            pooled.append(pool_boxes(features[place], corners, images.shape[-2:], used, bins))
            targets.append(own[:, 0].long().repeat_interleave(bins * bins))
        pooled.append(queries[valid])
        targets.append(torch.zeros(int(valid.sum()), dtype=torch.long, device=images.device))
        return self.head(torch.cat(pooled)), torch.cat(targets)


def save_box_classifier(path: Path, classifier: BoxClassifier) -> None:
    """Write a classifier together with its network's name and number of classes."""
    description = {"network": classifier.network, "num_classes": classifier.num_classes}
    save_network(path, KIND, description, classifier)


def load_box_classifier(path: Path, num_classes: int) -> BoxClassifier:
    """Read a classifier of `num_classes` classes (with the background), in evaluation mode.

    Raises:
        BadInputError: the file holds something else, or other classes.
    """
    description, state = load_network_of_classes(path, KIND, num_classes, "a box classifier")
    with rebuilding(path, KIND):
        classifier = BoxClassifier(description["network"], num_classes)
        classifier.load_state_dict(state)
    return classifier.eval()
