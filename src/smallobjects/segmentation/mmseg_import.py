"""Importing MMSegmentation without what no training or prediction of ours uses."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _ImportedOnUse(ModuleType):
    """Stands for a module, which is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        # Those who look at all modules ask for these.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def import_mmsegmentation() -> None:
    """Import MMSegmentation's models in about half the time that `import mmseg.models` takes.

    That imports timm, ftfy and SciPy's interpolation for a backbone or an encoder each, SciPy's
    optimization for the matching of queries, and PyTorch's sharded training. The former come when
    a network asks for them, the matching when it is called; sharded training
    (`MMFullyShardedDataParallel`, `ZeroRedundancyOptimizer`) is left out: trainings here share
    batches, not networks. So is an optimizer of Transformers', where that is installed.
    """
    if "mmseg.models" in sys.modules:
        return
    stand_ins = {
        # None: an import fails, which MMEngine allows.
        "torch.distributed.optim": None,
        "mmengine._strategy.fsdp": None,
        "transformers": None,
        "timm": _ImportedOnUse("timm"),
        "ftfy": _ImportedOnUse("ftfy"),
        "scipy.interpolate": _ImportedOnUse("scipy.interpolate"),
        "scipy.optimize": _matching(),
        "mmengine.model.wrappers.fully_sharded_distributed": _no_sharding(),
    }
    with _in_place_of(stand_ins):
        importlib.import_module("mmseg.models")


@contextmanager
def _in_place_of(stand_ins: dict[str, ModuleType | None]) -> Iterator[None]:
    """Have modules that are not imported yet replaced for the duration of the block."""
    replaced = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    for name, module in replaced.items():
        if module is not None:
            # Who asks whether a module is there looks for this.
            module.__spec__ = ModuleSpec(name, None)
    sys.modules.update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            sys.modules.pop(name, None)


def _matching() -> ModuleType:
    def linear_sum_assignment(*arguments: Any, **named: Any) -> Any:
        optimize = importlib.import_module("scipy.optimize")
        return optimize.linear_sum_assignment(*arguments, **named)

    module = ModuleType("scipy.optimize")
    module.linear_sum_assignment = linear_sum_assignment
    return module


def _no_sharding() -> ModuleType:
    class MMFullyShardedDataParallel:
        """Stands for a wrapper that is not there."""

    module = ModuleType("mmengine.model.wrappers.fully_sharded_distributed")
    module.MMFullyShardedDataParallel = MMFullyShardedDataParallel
    return module
