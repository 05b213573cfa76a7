"""The head of DeepLabV3+: logits at stride 4, where small objects still have cells."""

from mmseg.models.decode_heads import DepthwiseSeparableASPPHead
from mmseg.registry import MODELS

from smallobjects.segmentation.logit_resolution import LogitResolutionHead


@MODELS.register_module()
class DeepLabV3PlusHead(LogitResolutionHead, DepthwiseSeparableASPPHead):
    """MMSegmentation's head (Chen et al., ECCV 2018), whose loss is taken where its logits are.

    As the paper's size weights are found at the resolution of the logits, so is the loss compared
    there: at that of the finer feature map, `c1_in_channels`.
    """
