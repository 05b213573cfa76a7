"""The plan of the paper scale: cross-entropy is trained once for all losses."""

import json
import re
import shlex
from collections import Counter
from itertools import pairwise


def trainings(output):
    """The parameters of every training that a dry-run prints, with its phase and output."""
    for line in output.splitlines():
        if "smallobjects train-segmentor" in line:
            words = shlex.split(line.strip())
            option = dict(pairwise(words))
            yield option["--arm"], json.loads(option["--parameters"]), option["--output"]


def iterations(output):
    """How many iterations a plan trains, by dataset."""
    total = Counter()
    for phase, parameters, checkpoint in trainings(output):
        dataset = re.search(r"segmentors/(\w+)/", checkpoint)[1]
        schedule = parameters["schedule"]
        start = 0 if phase == "shared" else schedule["shared_iterations"]
        end = schedule["shared_iterations"] if phase == "shared" else schedule["iterations"]
        total[dataset] += end - start
    return total


PAPER = {
    "scale": "paper",
    "datasets": ["voc", "coco"],
    "matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}],
    "losses": ["ce", "sw", "sb"],
}


def test_three_losses_train_the_shared_iterations_once(published):
    output = published(PAPER).run("--dry-run", "--printshellcmds")
    assert iterations(output) == {"voc": 25_000 + 3 * 5_000, "coco": 40_000 + 3 * 60_000}


def test_the_ablation_adds_its_arms_and_nothing_else(published):
    plan = published(PAPER)
    output = plan.run("--dry-run", "--printshellcmds", "results/tables/ablation.tex")
    assert iterations(output) == {"voc": 25_000 + 7 * 5_000, "coco": 40_000 + 7 * 60_000}
    arms = {(phase, p.get("tau"), p.get("ewc_strength")) for phase, p, _ in trainings(output)}
    assert arms == {
        ("shared", None, None), ("ce", None, None),
        ("sw", 5.0, None), ("sw", 2.0, None), ("sw", 10.0, None),
        ("sb", 5.0, 500.0), ("sb", 5.0, 50.0), ("sb", 5.0, 1000.0),
    }  # fmt: skip


def test_two_gpus_share_the_batches_of_a_segmentor(published):
    plan = published({**PAPER, "compute": {"gpus": 2}})
    output = plan.run("--dry-run", "--printshellcmds")
    commands = [line for line in output.splitlines() if "smallobjects train-segmentor" in line]
    assert commands
    assert all("--processes 2" in line for line in commands)
    gpus = re.findall(r"rule (\w+):(?:(?!\n\n).)*?gpu=(\d)", output, re.DOTALL)
    assert set(gpus) >= {("train_shared", "2"), ("train_arm", "2"), ("predict", "1")}
