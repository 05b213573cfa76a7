"""Libraries that people import beside this one find what they look for, in either order."""

import subprocess
import sys
from itertools import permutations

import pytest

IMPORTS = {
    "ours": "import smallobjects.segmentation.modules",
    "transformers": "from transformers import Adafactor, SegformerForSemanticSegmentation, Trainer",
    "lightning": "import lightning",
    "timm": "import timm",
}


@pytest.mark.parametrize(
    "order", [pair for pair in permutations(IMPORTS, 2) if "ours" in pair], ids="-".join
)
def test_imports_do_not_disturb_each_other(order):
    code = "; ".join(IMPORTS[name] for name in order)
    check = (
        "import scipy.optimize, scipy.interpolate, timm; timm.create_model; "
        "scipy.optimize.minimize; scipy.interpolate.griddata; "
        "from torch.distributed.optim import ZeroRedundancyOptimizer; print('whole')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{code}; {check}"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "whole"
