"""Faster R-CNN (torchvision) whose heads can be asked about given boxes, without its proposals."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList

from smallobjects.pseudo_labels.bbam.anchors import CentredAnchors
from smallobjects.pseudo_labels.bbam.features import DetectorFeatures, anchor_sizes
from smallobjects.pseudo_labels.bbam.heads import DetectorHeads
from smallobjects.pseudo_labels.bbam.parameters import DetectorNetwork
from smallobjects.pseudo_labels.bbam.region_proposals import RegionProposals
from smallobjects.pseudo_labels.training.network_file import (
    load_network_of_classes,
    rebuilding,
    save_network,
)

KIND = "detector"
DIVISOR = 32
"""Images are filled up to multiples of this, as the strides of the feature pyramid need."""
JITTER = 0.3


class _Parts(nn.Module):
    """Features, first and second stage of Faster R-CNN."""

    def __init__(self, parameters: DetectorNetwork, num_classes: int, weights: Path | None) -> None:
        super().__init__()
        self.backbone = DetectorFeatures(parameters, weights)
        channels = self.backbone.out_channels
        sizes = anchor_sizes(parameters, self.backbone.strides)
        anchors = CentredAnchors(sizes, self.backbone.strides)
        self.rpn = RegionProposals(anchors, channels, parameters.sampling)
        self.roi_heads = DetectorHeads(self.backbone.names, channels, num_classes, parameters)


def fill_up(images: Tensor) -> Tensor:
    """Return B×3×H×W images with zeros below and to the right, up to multiples of `DIVISOR`."""
    height, width = images.shape[-2:]
    return functional.pad(images, (0, -width % DIVISOR, 0, -height % DIVISOR))


def around_boxes(boxes: Tensor, count: int) -> Tensor:
    """Return `count` boxes around each of N×4, every side moved by up to 30 % of its length.

    They are drawn by torch's generator.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    shifts = JITTER * (2 * torch.rand(count, *boxes.shape) - 1).to(boxes)
    return (boxes + sides * shifts).flatten(0, 1)


class Detector(nn.Module):
    """Faster R-CNN on normalised images; resizing is left to the caller."""

    def __init__(
        self, parameters: DetectorNetwork, num_classes: int, weights: Path | None = None
    ) -> None:
        """Build the detector.

        Args:
            parameters: the network.
            num_classes: with the background.
            weights: pretrained weights of the backbone, if any.

        Raises:
            BadInputError: the weights do not fit, or the anchors do not fit the levels.
        """
        super().__init__()
        fields = DetectorNetwork.model_fields
        self.settings = DetectorNetwork(**{name: getattr(parameters, name) for name in fields})
        self.num_classes = num_classes
        self.parts = _Parts(parameters, num_classes, weights)

    def losses(self, images: Tensor, shapes: Tensor, boxes: Tensor, *, jittered: int = 0) -> Tensor:
        """Return the sum of the four losses of a batch.

        Args:
            images: B×3×H×W, filled up with zeros.
            shapes: B×2, height and width of each image without what is filled up.
            boxes: B×M×5, class, x0, y0, x1, y1; rows of the class 0 are no boxes.
            jittered: boxes drawn around each object that the heads learn from, too.
        """
        images = fill_up(images)
        own = [rows[rows[:, 0] > 0] for rows in boxes]
        targets = [{"boxes": rows[:, 1:], "labels": rows[:, 0].long()} for rows in own]
        features = self.parts.backbone(images)
        listed = ImageList(images, [tuple(shape) for shape in shapes.tolist()])
        proposals, first = self.parts.rpn(listed, features, targets)
        around = [around_boxes(target["boxes"], jittered) for target in targets]
        proposals = [torch.cat(both) for both in zip(proposals, around, strict=True)]
        heads = self.parts.roi_heads
        second = heads.losses(features, proposals, _whole(images), targets)
        return sum((first | second).values())

    def classify(self, images: Tensor, boxes: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Classify given boxes of images, and regress them for each class.

        Args:
            images: B×3×H×W, the sides multiples of `DIVISOR`.
            boxes: for each image N_b×4, x0, y0, x1, y1.

        Returns:
            N×C logits and N×C×4 raw regressions, N = ΣN_b, the boxes of the first image first.
        """
        return self.read(self.parts.backbone(images), boxes, images)

    def read(
        self, features: dict[str, Tensor], boxes: list[Tensor], images: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Do what `classify` does, with the images' features at hand (`parts.backbone(images)`)."""
        heads = self.parts.roi_heads
        # The scale of a level is found from these shapes, so they must be those of the tensor.
        pooled = heads.box_roi_pool(features, boxes, _whole(images))
        logits, regressions = heads.box_predictor(heads.box_head(pooled))
        return logits, regressions.unflatten(1, (-1, 4))

    def regressed(self, regressions: Tensor, boxes: Tensor) -> Tensor:
        """Return the N×C×4 boxes that N×C×4 regressions make of N×4 boxes."""
        return self.parts.roi_heads.box_coder.decode(regressions.flatten(1), [boxes])


def _whole(images: Tensor) -> list[tuple[int, int]]:
    return [(images.shape[-2], images.shape[-1])] * len(images)


def save_detector(path: Path, detector: Detector) -> None:
    """Write a detector together with what is needed to build it."""
    description = {
        "network": detector.settings.model_dump_json(),
        "num_classes": detector.num_classes,
    }
    save_network(path, KIND, description, detector)


def load_detector(path: Path, num_classes: int) -> Detector:
    """Read a detector of `num_classes` classes (with the background), in evaluation mode.

    Raises:
        BadInputError: the file holds something else, or other classes.
    """
    description, state = load_network_of_classes(path, KIND, num_classes, "a detector")
    with rebuilding(path, KIND):
        network = DetectorNetwork.model_validate_json(description["network"])
        detector = Detector(network, num_classes)
        detector.load_state_dict(state)
    return detector.eval().requires_grad_(False)
