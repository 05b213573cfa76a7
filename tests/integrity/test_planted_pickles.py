"""Code in a checkpoint never runs, whoever reads it."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from smallobjects.backbones.table import build_backbone
from smallobjects.backbones.weight_files import read_weights
from smallobjects.pseudo_labels.clims.open_clip_scorer import OpenClipScorer
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint
from smallobjects.pseudo_labels.training.network_file import load_network
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.pretrained import check_pretrained
from smallobjects.segmentation.runner import SegmentorRunner

CODE = {
    "a command": lambda marker: (os.system, (f"touch {marker}",)),
    "Python": lambda marker: (exec, (f"open({str(marker)!r}, 'w')",)),
    "a function of ours": lambda marker: (Path.touch, (marker,)),
    # Named as what trainings leave in their checkpoints.
    "MMEngine's reader of configurations": lambda marker: (
        Config.fromstring,
        (f"open({str(marker)!r}, 'w')", ".py"),
    ),
}


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


def scorer(path):
    return OpenClipScorer(path, torch.device("cpu"))


class Part(BaseModule):
    """A network that MMEngine initialises."""

    def __init__(self, path, prefix=None):
        pretrained = {"type": "Pretrained", "checkpoint": str(path), "prefix": prefix}
        super().__init__(pretrained)
        self.conv = torch.nn.Conv2d(1, 1, 1)


READERS = {
    "label network": lambda path: load_network(path, "classifier"),
    "stopped label training": lambda path: Checkpoint(path, 1).restore({}, "test"),
    "segmentor": load,
    "weights": lambda path: read_weights(path, "give others"),
    "backbone": lambda path: build_backbone("vgg16", path),
    "CLIP": scorer,
    "MMEngine": lambda path: CheckpointLoader.load_checkpoint(str(path)),
    "MMEngine, a network": lambda path: load_checkpoint(torch.nn.Conv2d(1, 1, 1), str(path)),
    "MMEngine, pretrained": lambda path: Part(path).init_weights(),
    "MMEngine, a part": lambda path: Part(path, "backbone.").init_weights(),
    "segmentor's backbone": lambda path: check_pretrained(
        {
            "type": "LargeFovVgg",
            "init_cfg": {"type": "Pretrained", "checkpoint": str(path)},
        }
    ),
}


def by_pickle(content, path):
    with path.open("wb") as file:
        pickle.dump(content, file, protocol=2)


WRITERS = {
    "torch": torch.save,
    "torch, older": lambda c, path: torch.save(c, path, _use_new_zipfile_serialization=False),
    "pickle": by_pickle,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("code", CODE)
def test_planted_code_does_not_run(code, reader, writer, tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "planted.pth"
    state = {"conv.weight": torch.zeros(1, 1, 1, 1), "conv.bias": torch.zeros(1)}
    content = {"meta": {}, "state_dict": state, "planted": Planted(CODE[code](marker))}
    WRITERS[writer](content, path)
    with pytest.raises((ValueError, RuntimeError, AssertionError)) as caught:
        READERS[reader](path)
        # Where the rest of the file is wanted as it is, what was planted is a mere leftover.
        raise ValueError(f"{path}: read")
    assert not marker.exists()
    if isinstance(caught.value, ValueError):
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_the_code_would_run(tmp_path):
    for name, call in CODE.items():
        marker = tmp_path / name.replace(" ", "").replace("'", "")
        pickle.loads(pickle.dumps(Planted(call(marker))))
        assert marker.exists()


def test_a_training_that_goes_on_runs_nothing(tmp_path):
    """MMEngine runs the configuration that a checkpoint says it was made with."""
    marker, path = tmp_path / "marker", tmp_path / "iter_3.pth"
    meta = {"epoch": 0, "iter": 3, "config": f"open({str(marker)!r}, 'w')"}
    torch.save({"meta": meta, "state_dict": {}}, path)
    assert CheckpointLoader.load_checkpoint(str(path))["meta"] == {"epoch": 0, "iter": 3}
    runner = object.__new__(SegmentorRunner)
    # Only what a checkpoint decides by itself is asked of the runner.
    with pytest.raises(AttributeError):
        runner.resume(str(path), map_location="cpu")
    assert not marker.exists()


@pytest.mark.parametrize(
    "address", ["https://example.org/a.pth", "torchvision://resnet50", "open-mmlab://a", "s3://a/b"]
)
def test_nothing_is_fetched(address):
    with pytest.raises(SegmentationError, match="weights are read from files"):
        CheckpointLoader.load_checkpoint(address)


def test_the_source_never_unpickles_anything(repository):
    for path in (repository / "src").rglob("*.py"):
        text = path.read_text()
        assert "weights_only=False" not in text, path
        if "torch.load(" in text:
            assert text.count("torch.load(") == text.count("weights_only=True"), path
