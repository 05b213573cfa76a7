"""Train a stock configuration of MMSegmentation with every hook of ours, and print the losses.

`python train_stock.py NETWORK DATASET WORK INITIAL`; INITIAL is written where it is not there.
"""

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ITERATIONS, SWITCH = 20, 10


class CompiledOperations(ModuleType):
    """Stands for what mmcv compiles, which mmcv-lite lacks and these networks never call."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


def without_compiled_operations() -> None:
    """Let MMSegmentation be imported beside mmcv-lite."""
    module = CompiledOperations("mmcv._ext")
    module.__spec__ = importlib.machinery.ModuleSpec("mmcv._ext", None)
    sys.modules["mmcv._ext"] = module


def main() -> None:
    """Train."""
    network, dataset, work, initial = sys.argv[1:]
    without_compiled_operations()
    import mmengine
    import mmseg
    import test_segmentation_stock as stock
    import torch
    from mmengine.config import Config
    from mmengine.runner import Runner

    torch.set_num_threads(1)
    config = stock.stock(stock.NETWORKS[network], dataset, work)
    config.train_cfg.max_iters = ITERATIONS
    for hook in config.custom_hooks:
        hook["start"] = SWITCH
    # Two versions draw other numbers on their way.
    for part in ("decode_head", "auxiliary_head"):
        if part in config.model:
            config.model[part].dropout_ratio = 0.0
    if "drop_path_rate" in config.model.backbone:
        config.model.backbone.drop_path_rate = 0.0
    if not Path(initial).exists():
        file = Path(work) / "initial.py"
        file.parent.mkdir(parents=True)
        config.dump(file)
        model = Runner.from_cfg(Config.fromfile(file)).model
        model.init_weights()
        torch.save({"state_dict": model.state_dict()}, initial)
        config.experiment_name += "_trained"
    config.load_from = initial
    state, outputs = stock.trained(config)
    said = {
        "versions": [mmengine.__version__, mmseg.__version__],
        "outputs": outputs,
        "state": float(sum(each.double().abs().sum() for each in state.values())),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
