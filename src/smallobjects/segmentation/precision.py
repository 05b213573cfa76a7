"""Mixed precision, and the memory layout that convolutions like best."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.parameters import Precision


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Computes in bfloat16 where that is safe, on any device; weights and losses stay float32.

    bfloat16 has the range of float32, so gradients need no scale. MMEngine's AmpOptimWrapper always
    scales them, and refuses a CPU.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward pass with autocast."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


def with_precision(
    wrapper: dict[str, Any], precision: Precision, device: torch.device
) -> dict[str, Any]:
    """Return an optimizer wrapper's settings with the type that computes in `precision`.

    Raises:
        SegmentationError: fp16 without a GPU, or a wrapper that chooses its precision itself.
    """
    if precision == "fp32":
        return wrapper
    if wrapper.get("type", "OptimWrapper") != "OptimWrapper":
        raise SegmentationError(
            f"precision {precision}: needs the optim_wrapper type OptimWrapper, not "
            f"{wrapper['type']}; take one of the two out"
        )
    if precision == "bf16":
        return {**wrapper, "type": "BFloat16OptimWrapper"}
    if device.type != "cuda":
        raise SegmentationError("precision fp16: needs a GPU; bf16 and fp32 also run on a CPU")
    return {**wrapper, "type": "AmpOptimWrapper", "dtype": "float16"}
