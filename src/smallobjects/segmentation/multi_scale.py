"""A segmentor that looks at an image in several sizes."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor


@MODELS.register_module()
class MultiScaleSegmentor(EncoderDecoder):
    """DeepLabV2's multi-scale wrapper: one network, several image sizes, the maximum of the logits.

    In training the losses of all outputs are summed: the image itself, each smaller copy at its own
    logit resolution, and the maximum. In prediction only the maximum counts. There is no
    auxiliary head.
    """

    def __init__(self, *args: Any, scales: Sequence[float] = (0.5, 0.75), **kwargs: Any) -> None:
        """Build the segmentor.

        Args:
            args: arguments of MMSegmentation's EncoderDecoder.
            scales: the sizes beside the image itself, as factors.
            kwargs: arguments of MMSegmentation's EncoderDecoder.

        Raises:
            ValueError: an auxiliary head is given.
        """
        if kwargs.get("auxiliary_head") is not None:
            raise ValueError("auxiliary_head: a MultiScaleSegmentor has none; take it out")
        super().__init__(*args, **kwargs)
        self.scales = tuple(scales)

    def multi_scale_logits(self, inputs: Tensor) -> dict[str, Tensor]:
        """Return the logits of N×3×H×W images by name: `scale_1`, each other scale, and `max`.

        `max` has the resolution of `scale_1`; the logits of the others are enlarged to it
        bilinearly before the maximum is taken.
        """
        logits = {"scale_1": self._logits(inputs)}
        for scale in self.scales:
            smaller = self._resize(inputs, scale_factor=scale)
            logits[f"scale_{scale:g}"] = self._logits(smaller)
        size = logits["scale_1"].shape[2:]
        enlarged = [self._resize(each, size=size) for each in logits.values()]
        logits["max"] = torch.stack(enlarged).max(dim=0).values
        return logits

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the loss of every output, named `<output>.<loss>`; they are summed in training."""
        losses = {}
        for name, logits in self.multi_scale_logits(inputs).items():
            of_output = self.decode_head.loss_by_feat(logits, data_samples)
            losses.update(add_prefix(of_output, name))
        return losses

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the maximum's logits, enlarged to the size of the padded images."""
        logits = self.multi_scale_logits(inputs)["max"]
        return self.decode_head.predict_by_feat(logits, batch_img_metas)

    def _forward(self, inputs: Tensor, data_samples: list | None = None) -> Tensor:
        return self.multi_scale_logits(inputs)["max"]

    def _logits(self, inputs: Tensor) -> Tensor:
        return self.decode_head(self.extract_feat(inputs))

    def _resize(self, maps: Tensor, **target: Any) -> Tensor:
        return F.interpolate(maps, mode="bilinear", align_corners=self.align_corners, **target)
