"""Heads whose loss is taken where their logits are."""

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from smallobjects.losses import nearest_labels


class LogitResolutionHead(BaseDecodeHead):
    """A decode head that compares logits with labels at the resolution of the logits.

    Labels are brought down by the pixel nearest to each centre; logits are not enlarged, as heads
    of MMSegmentation do it.
    """

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list) -> dict[str, Tensor]:
        """Return the losses of N×classes×h×w logits against labels brought to h×w."""
        labels = self._stack_batch_gt(batch_data_samples).squeeze(1)
        labels = nearest_labels(labels, seg_logits.shape[2:])
        losses: dict[str, Tensor] = {}
        several = isinstance(self.loss_decode, nn.ModuleList)
        for loss in self.loss_decode if several else [self.loss_decode]:
            value = loss(seg_logits, labels, ignore_index=self.ignore_index)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
        return losses
