"""A small prepared dataset, and a small network trained on it for a few iterations."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from toy_segmentation import PREDICTION, arm_parameters, training_parameters, write_prepared

from smallobjects.segmentation.parameters import PredictionParameters


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """The prepared dataset."""
    return write_prepared(tmp_path_factory.mktemp("prepared") / "toy")


@pytest.fixture(scope="session")
def run_of(dataset):
    """Makes a TrainingRun of a phase."""
    from smallobjects.segmentation.configuration import TrainingRun

    def make(phase="shared", parameters=None, **changes):
        if parameters is None:
            parameters = training_parameters() if phase == "shared" else arm_parameters(phase)
        run = TrainingRun(parameters, phase, dataset, dataset / "semantic", "train", seed=4)
        return replace(run, **changes)

    return make


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    """Trains a run on the CPU and returns the published checkpoint."""
    from smallobjects.segmentation.training import train

    def run_and_publish(run, work_dir=None):
        folder = tmp_path_factory.mktemp(run.phase)
        output = folder / f"{run.phase}.pth"
        train(run, work_dir or folder / "work", output, device="cpu")
        return output

    return run_and_publish


@pytest.fixture(scope="session")
def shared(run_of, train) -> Path:
    """The end of the shared phase."""
    return train(run_of())


@pytest.fixture(scope="session")
def arms(run_of, train, shared):
    """The ends of the arms, by attribute."""
    return SimpleNamespace(**{arm: train(run_of(arm, shared=shared)) for arm in ("ce", "sw", "sb")})


@pytest.fixture
def prediction_parameters():
    """What a prediction reads of the same network."""
    return PredictionParameters.model_validate_json(json.dumps(PREDICTION))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
