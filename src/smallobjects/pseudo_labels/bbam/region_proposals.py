"""The detector's first stage, as in the public code (maskrcnn-benchmark)."""

import torch
from torch import Tensor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import nms

from smallobjects.pseudo_labels.bbam.anchors import CentredAnchors
from smallobjects.pseudo_labels.bbam.parameters import ProposalSampling
from smallobjects.pseudo_labels.errors import BadInputError

FOREGROUND_OVERLAP, BACKGROUND_OVERLAP = 0.7, 0.3
POSITIVE_SHARE = 0.5
SUPPRESSION_OVERLAP = 0.7
INFERENCE_PROPOSALS = 1000
IGNORED = -1


class RegionProposals(RegionProposalNetwork):
    """torchvision's first stage but for two rules of the public code.

    Anchors that cross the border of their image are not learnt from (Faster R-CNN, section 3.1.3).
    While training, the best proposals are kept of several images together, those of one GPU there,
    so that an image with few objects leaves its place to others.
    """

    def __init__(self, anchors: CentredAnchors, channels: int, sampling: ProposalSampling) -> None:
        """Build it for features of so many channels."""
        numbers = {"training": sampling.before_suppression, "testing": INFERENCE_PROPOSALS}
        kept = {"training": sampling.after_suppression, "testing": INFERENCE_PROPOSALS}
        super().__init__(
            anchors,
            RPNHead(channels, anchors.num_anchors_per_location()[0]),
            FOREGROUND_OVERLAP,
            BACKGROUND_OVERLAP,
            sampling.anchors,
            POSITIVE_SHARE,
            numbers,
            kept,
            SUPPRESSION_OVERLAP,
        )
        self._shared_by = sampling.shared_by
        self._shapes: list[tuple[int, int]] = []

    def forward(
        self,
        images: ImageList,
        features: dict[str, Tensor],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Return the proposals of each image and, while training, the losses."""
        self._shapes = images.image_sizes
        return super().forward(images, features, targets)

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Match anchors and objects; an anchor that crosses the border counts for nothing.

        Raises:
            BadInputError: every anchor of every image crosses it.
        """
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        for own, of_image, (height, width) in zip(labels, anchors, self._shapes, strict=True):
            x0, y0, x1, y1 = of_image.unbind(dim=1)
            own[(x0 < 0) | (y0 < 0) | (x1 >= width + 1) | (y1 >= height + 1)] = IGNORED
        if all(bool((own == IGNORED).all()) for own in labels):
            height, width = self._shapes[0]
            raise BadInputError(
                f"detector.anchor_sizes: no anchor lies inside an image of {height}×{width}, so "
                "nothing can be learnt; give smaller sizes, or larger `short_sides`"
            )
        return labels, boxes

    def filter_proposals(
        self,
        proposals: Tensor,
        objectness: Tensor,
        image_shapes: list[tuple[int, int]],
        num_anchors_per_level: list[int],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the boxes and scores of each image that are left of B×A×4 proposals."""
        if not self.training:
            return super().filter_proposals(
                proposals, objectness, image_shapes, num_anchors_per_level
            )
        scores = objectness.detach().reshape(len(proposals), -1).sigmoid()
        images = [
            self._suppressed(*image, num_anchors_per_level)
            for image in zip(proposals.detach(), scores, image_shapes, strict=True)
        ]
        boxes, scores = [], []
        for first in range(0, len(images), self._shared_by):
            group = images[first : first + self._shared_by]
            for of_image, own, chosen in zip(*self._best_of(group), strict=True):
                boxes.append(of_image[chosen])
                scores.append(own[chosen])
        return boxes, scores

    def _best_of(
        self, images: list[tuple[Tensor, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return boxes and scores of some images, and which of them are the best of all."""
        boxes, scores = (list(each) for each in zip(*images, strict=True))
        together = torch.cat(scores)
        chosen = torch.zeros_like(together, dtype=torch.bool)
        chosen[together.topk(min(self.post_nms_top_n(), len(together))).indices] = True
        return boxes, scores, list(chosen.split([len(own) for own in scores]))

    def _suppressed(
        self, boxes: Tensor, scores: Tensor, shape: tuple[int, int], counts: list[int]
    ) -> tuple[Tensor, Tensor]:
        """Return the best boxes of an image's levels without those that overlap, and scores."""
        levels = zip(boxes.split(counts), scores.split(counts), strict=True)
        found = [self._suppressed_level(*level, *shape) for level in levels]
        return torch.cat([each for each, _ in found]), torch.cat([each for _, each in found])

    def _suppressed_level(
        self, boxes: Tensor, scores: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        scores, places = scores.topk(min(self.pre_nms_top_n(), len(scores)))
        x0, y0, x1, y1 = boxes[places].unbind(dim=1)
        # Every box keeps a pixel of the image.
        lower = (x0.clamp(0, width - 1), y0.clamp(0, height - 1))
        upper = (x1.clamp(1, width), y1.clamp(1, height))
        boxes = torch.stack([*lower, *upper], dim=1)
        best = nms(boxes, scores, self.nms_thresh)[: self.post_nms_top_n()]
        return boxes[best], scores[best]
