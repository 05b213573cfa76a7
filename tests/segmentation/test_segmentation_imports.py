"""What a process of this room imports before it begins."""

import subprocess
import sys


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


START = """
import sys
from smallobjects.segmentation.mmseg_import import import_mmsegmentation
import_mmsegmentation()
import smallobjects.segmentation.prediction, smallobjects.segmentation.training
"""


def test_what_nothing_uses_is_left_out():
    names = ("timm", "ftfy", "scipy.optimize", "scipy.interpolate", "torch.distributed.fsdp")
    assert run(START + f"print([name for name in {names} if name in sys.modules])") == "[]"


def test_what_was_left_out_comes_when_it_is_used():
    code = """
from mmseg.models.assigners.hungarian_assigner import linear_sum_assignment
from mmseg.models.backbones import beit
from mmseg.utils.tokenizer import basic_clean
matched = linear_sum_assignment([[2.0, 1.0], [1.0, 2.0]])[1].tolist()
print(matched, callable(beit.interpolate.interp1d), basic_clean(" a "))
"""
    assert run(START + code) == "[1, 0] True a"


def test_a_backbone_of_timm_still_works():
    code = """
from mmseg.registry import MODELS
settings = dict(type="TIMMBackbone", model_name="resnet18", pretrained=False, features_only=True)
network = MODELS.build(settings)
network.eval()
import timm, torch
print([each.shape[1] for each in network(torch.zeros(1, 3, 32, 32))], timm.__name__)
"""
    assert run(START + code) == "[64, 64, 128, 256, 512] timm"


def test_timm_that_is_there_already_is_kept():
    code = (
        "import timm"
        + START
        + """
from mmseg.models.backbones import timm_backbone
print(timm_backbone.timm is timm is sys.modules["timm"])
"""
    )
    assert run(code) == "True"
