"""Beside MMSegmentation as it was published, everything of ours does what it does elsewhere."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from toy_segmentation import write_prepared

ORIGINAL = ("mmengine==0.10.7", "mmcv-lite==2.1.0", "mmsegmentation==1.2.2")
CONTINUED = ("onedl", "mmengine", "mmcv", "mmseg", "__editable__", "smallobjects")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Folders with the published packages, and with what else is installed here."""
    published, others = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("others")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", published,
         *ORIGINAL], check=True,
    )  # fmt: skip
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not path.name.startswith(CONTINUED) and path.suffix != ".pth":
            (others / path.name).symlink_to(path)
    return [published, others]


@pytest.fixture(scope="module")
def train(tmp_path_factory, repository):
    dataset = write_prepared(tmp_path_factory.mktemp("prepared") / "toy")
    initial = tmp_path_factory.mktemp("initial")
    script = Path(__file__).with_name("train_stock.py")
    ours = [
        repository / "src",
        *(repository / "tests" / name for name in ("segmentation", "support")),
    ]

    def run(network, folders, name):
        work = tmp_path_factory.mktemp("work") / name
        # Without `site`, nothing else is on the path.
        flags = ["-S"] if folders else []
        path = os.pathsep.join(map(str, [*ours, *folders]))
        done = subprocess.run(
            [sys.executable, *flags, "-W", "ignore", script, network, dataset, work,
             initial / f"{network}.pth"],
            check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("network", ["segformer", "fcn"])
def test_losses_penalties_and_parameters_are_the_same(original, train, network):
    continued = train(network, [], "continued")
    published = train(network, original, "published")
    assert published["versions"] == ["0.10.7", "1.2.2"] != continued["versions"]
    assert published["outputs"] == continued["outputs"]
    assert published["state"] == continued["state"]
    penalties = [each.get("ewc_penalty") for each in published["outputs"]]
    assert penalties[:10] == [None] * 10
    assert all(penalty > 0 for penalty in penalties[10:])


def test_the_metric_is_found_by_its_name(original, repository):
    code = (
        "from train_stock import without_compiled_operations as without; without(); "
        "import smallobjects.metrics.mmseg_metric, smallobjects.segmentation.modules; "
        "from mmseg.registry import METRICS, HOOKS; "
        "print(METRICS.get('InstanceIoUMetric'), HOOKS.get('EwcHook'))"
    )
    path = os.pathsep.join(map(str, [repository / "src", Path(__file__).parent, *original]))
    done = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", code],
        check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == [
        "<class", "'smallobjects.segmentation.consolidation.EwcHook'>",
    ]  # fmt: skip
