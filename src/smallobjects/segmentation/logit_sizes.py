"""The resolutions at which a network's losses compare logits with labels."""

from typing import Any

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from smallobjects.segmentation.size_weighted_loss import SizeWeightedCrossEntropy


@torch.no_grad()
def logit_sizes(model: dict[str, Any], crop_size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return height and width of the logits of every size-weighted loss, each once.

    The network is built with random values and looks at one empty crop, so that any head, in its
    own way of comparing logits with labels, is right.

    Args:
        model: in MMSegmentation's terms, complete.
        crop_size: height and width of the batches that it is trained on.
    """
    init_default_scope("mmseg")
    sizes: list[tuple[int, int]] = []

    def note(loss: SizeWeightedCrossEntropy, arguments: tuple, _: dict) -> None:
        # Its value is of no interest, nor are the weights that it would find.
        loss.active = False
        size = tuple(arguments[0].shape[2:])
        if size not in sizes:
            sizes.append(size)

    labels = PixelData(data=torch.zeros(1, *crop_size, dtype=torch.int64))
    sample = SegDataSample(gt_sem_seg=labels, metainfo={"img_shape": crop_size})
    with torch.random.fork_rng(devices=[]):
        network = MODELS.build(ConfigDict({**_without_weights(model), "data_preprocessor": None}))
        for part in network.modules():
            if isinstance(part, SizeWeightedCrossEntropy):
                part.register_forward_pre_hook(note, with_kwargs=True)
        network.eval().loss(torch.zeros(1, 3, *crop_size), [sample])
    return sizes


def _without_weights(value: Any) -> Any:
    """Return nested settings without files of pretrained weights."""
    if isinstance(value, dict):
        return {
            key: None if key in ("init_cfg", "pretrained") else _without_weights(item)
            for key, item in value.items()
        }
    return [_without_weights(item) for item in value] if isinstance(value, list) else value
