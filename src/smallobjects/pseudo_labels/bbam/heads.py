"""The detector's second stage, as in the public code (maskrcnn-benchmark)."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import MultiScaleRoIAlign

from smallobjects.pseudo_labels.bbam.parameters import DetectorNetwork

SAMPLES_PER_CELL = 2
OBJECT_OVERLAP = 0.5
"""With an object from which a proposal is that object; below it is background."""
DETECTIONS = {"score_thresh": 0.05, "nms_thresh": 0.5, "detections_per_img": 100}
REGRESSION_BETA = 1.0
"""Where the smooth L1 loss turns linear; torchvision's is 1/9."""
REGRESSION_SHARE = 0.1
"""Deviation of the initial weights of the boxes, by that of the classes."""


class _Pooling(MultiScaleRoIAlign):
    """RoIAlign by torchvision's kernel, on GPUs too.

    Where deterministic algorithms are asked for, torchvision would compile a form in Python in its
    place; on a GPU the kernel's gradients differ in the last bits from run to run.
    """

    def forward(
        self, x: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> Tensor:
        enabled = torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        torch.use_deterministic_algorithms(False)
        try:
            return super().forward(x, boxes, image_shapes)
        finally:
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)


class DetectorHeads(RoIHeads):
    """torchvision's second stage, with the loss and the initial weights of the public code."""

    def __init__(
        self, levels: list[str], channels: int, num_classes: int, parameters: DetectorNetwork
    ) -> None:
        """Build it for features of so many channels; `num_classes` includes the background."""
        super().__init__(
            _Pooling(levels, parameters.pooled, sampling_ratio=SAMPLES_PER_CELL),
            TwoMLPHead(channels * parameters.pooled**2, parameters.hidden),
            FastRCNNPredictor(parameters.hidden, num_classes),
            OBJECT_OVERLAP,
            OBJECT_OVERLAP,
            parameters.sampling.boxes,
            parameters.sampling.positive_share,
            None,
            **DETECTIONS,
        )
        for layer in (self.box_head.fc6, self.box_head.fc7):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)
        deviation = parameters.predictor_deviation
        nn.init.normal_(self.box_predictor.cls_score.weight, std=deviation)
        nn.init.normal_(self.box_predictor.bbox_pred.weight, std=REGRESSION_SHARE * deviation)
        nn.init.zeros_(self.box_predictor.cls_score.bias)
        nn.init.zeros_(self.box_predictor.bbox_pred.bias)

    def losses(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        """Return the losses of classification and regression, of proposals that are sampled."""
        proposals, _, labels, wanted = self.select_training_samples(proposals, targets)
        pooled = self.box_roi_pool(features, proposals, shapes)
        logits, regressions = self.box_predictor(self.box_head(pooled))
        own, wanted = torch.cat(labels), torch.cat(wanted)
        objects = torch.nonzero(own > 0)[:, 0]
        boxes = functional.smooth_l1_loss(
            regressions.unflatten(1, (-1, 4))[objects, own[objects]],
            wanted[objects],
            beta=REGRESSION_BETA,
            reduction="sum",
        )
        return {
            "loss_classifier": functional.cross_entropy(logits, own),
            "loss_box_reg": boxes / len(own),
        }
