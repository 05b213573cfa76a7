"""The metric inside MMSegmentation: a stock model and dataset class on a prepared folder."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmseg.registry import METRICS
from PIL import Image

from smallobjects.cli import main
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.synthetic.raw_data import make_synthetic
from smallobjects.metrics.mmseg_metric import TITLES, InstanceIoUMetric

SCRIPT = Path(__file__).with_name("mmseg_loops.py")
VAL_IMAGES = 9
"""Two processes with batches of two: one of them is padded with an image that counts once."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mmseg")
    scenes = SyntheticParameters(train_images=12, val_images=VAL_IMAGES, image_size=64, seed=5)
    make_synthetic("voc", scenes, folder / "raw")
    parameters = DatasetParameters(
        title="VOC",
        layout="voc",
        num_classes=21,
        raw="synthetic",
        splits={name: {"source": name} for name in ("train", "val")},
        train="train",
        label_score="train",
        evaluate="val",
        size_limits=(150, 900),
        semantic_masks=("SegmentationClass",),
    )
    prepare_dataset("voc", parameters, folder / "raw", folder / "prepared")
    return folder / "prepared"


def start(what, prepared, output, **environment):
    return subprocess.Popen(
        [sys.executable, SCRIPT, what, prepared, output],
        env={**os.environ, **environment},
        cwd=output,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text[-3000:]


@pytest.fixture(scope="module")
def alone(prepared, tmp_path_factory):
    """The folder of one process that trains, validates and tests."""
    output = tmp_path_factory.mktemp("alone")
    finish(start("train", prepared, output))
    return output


def metrics_of(folder, rank="alone", loop="test"):
    return json.loads((folder / f"{rank}.json").read_text())[loop]


def test_equals_the_score_command_on_the_same_predictions(alone, prepared, tmp_path):
    arguments = ["score", "--num-classes", 21, "--size-limits", 150, 900]
    arguments += ["--predictions", alone / "predictions"]
    for name in ("semantic", "instances"):
        arguments += [f"--{name}", prepared / name]
    arguments += ["--images", prepared / "splits" / "val.txt"]
    arguments += ["--output", tmp_path / "scores.json"]
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    expected = json.loads((tmp_path / "scores.json").read_text())
    written = json.loads((alone / "scores.json").read_text())
    shared = [key for key in expected if key not in ("intervals", "bootstrap")]
    assert {key: written[key] for key in shared} == {key: expected[key] for key in shared}
    assert expected["instances"]["total"] > VAL_IMAGES
    # The network has learned something, so that the numbers could differ.
    assert written["ia_miou"] > 0.1
    for loop in ("val", "test"):
        found = metrics_of(alone, loop=loop)
        for key, title in TITLES.items():
            value = np.nan if written[key] is None else 100 * written[key]
            assert found[f"instances/{title}"] == pytest.approx(value, abs=1e-12, nan_ok=True)


def test_miou_equals_that_of_mmsegmentation(alone):
    found = metrics_of(alone)
    assert found["instances/mIoU"] == pytest.approx(found["mIoU"], abs=0.006)


def test_intervals_are_written_where_asked(alone):
    written = json.loads((alone / "scores.json").read_text())
    assert written["bootstrap"]["resamples"] == 50
    low, high = written["intervals"]["ia_miou"]
    assert low <= written["ia_miou"] <= high


def test_two_processes_give_the_numbers_of_one(alone, prepared, tmp_path):
    shutil.copytree(alone / "work", tmp_path / "work")
    # MMSegmentation's IoUMetric makes it in the first process only, and the second may be faster.
    (tmp_path / "predictions").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = [
        start(
            "test",
            prepared,
            tmp_path,
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE="2",
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port),
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=300)[0][-3000:] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)
    expected = metrics_of(alone)
    for rank in range(2):
        assert metrics_of(tmp_path, rank) == pytest.approx(expected, nan_ok=True, abs=0)
    assert (tmp_path / "scores.json").read_bytes() == (alone / "scores.json").read_bytes()


@pytest.fixture
def sample(tmp_path):
    """A sample as the loops hand it over, and a metric that finds its instances."""
    Image.fromarray(np.array([[0, 7], [7, 255]], np.uint8)).save(tmp_path / "a.png")
    maps = {
        key: {"data": torch.tensor([values])}
        for key, values in (
            ("pred_sem_seg", [[0, 1], [0, 0]]),
            ("gt_sem_seg", [[0, 1], [1, 255]]),
        )
    }
    return maps | {"img_path": "images/a.jpg", "seg_map_path": "semantic/a.png"}


def metric_of(**arguments):
    metric = METRICS.build(dict(type="InstanceIoUMetric", **arguments))
    metric.dataset_meta = {"classes": ("background", "thing")}
    return metric


def test_a_key_of_the_sample_can_name_the_instances(sample, tmp_path):
    metric = metric_of(instance_path_key="instances", prefix="ia")
    metric.process({}, [sample | {"instances": str(tmp_path / "a.png")}])
    found = metric.evaluate(1)
    assert found["ia/IA_S"] == pytest.approx(50)
    assert found["ia/IA-mIoU"] == pytest.approx(50)
    assert np.isnan(found["ia/IA_L"])


def test_nothing_to_score_is_nan():
    found = metric_of(instance_dir="x").evaluate(0)
    assert all(np.isnan(value) for value in found.values())
    assert list(found) == [f"instances/{title}" for title in TITLES.values()]


def test_refuses_what_it_cannot_score(sample, tmp_path):
    with pytest.raises(ValueError, match="either instance_dir or instance_path_key"):
        InstanceIoUMetric()
    with pytest.raises(ValueError, match="either instance_dir or instance_path_key"):
        InstanceIoUMetric(instance_dir="a", instance_path_key="b")
    metric = metric_of(instance_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"images/a.jpg.*reduce_zero_label"):
        metric.process({}, [sample | {"reduce_zero_label": True}])
    with pytest.raises(ValueError, match=r"images/a.jpg.*no 'seg_map_path'"):
        metric.process({}, [{**sample, "seg_map_path": None}])
    with pytest.raises(ValueError, match=r"b.png: there is no instance mask"):
        metric.process({}, [sample | {"seg_map_path": "semantic/b.png"}])
    with pytest.raises(ValueError, match=r"images/a.jpg.*no gt_sem_seg; .*load the annotations"):
        metric.process({}, [{k: v for k, v in sample.items() if k != "gt_sem_seg"}])
    small = sample | {"pred_sem_seg": {"data": torch.zeros(1, 1, 2, dtype=torch.int64)}}
    with pytest.raises(ValueError, match=r"a.png: prediction: 1×2 pixels"):
        metric.process({}, [small])
