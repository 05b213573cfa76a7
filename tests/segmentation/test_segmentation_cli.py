"""The command line of this room."""

import subprocess
import sys

import pytest
from click.testing import CliRunner
from toy_segmentation import arm_parameters, training_parameters

from smallobjects.cli import main


@pytest.fixture
def call(dataset, tmp_path):
    def run(command, **options):
        common = {"dataset": dataset, "device": "cpu"}
        arguments = [f"--{k.replace('_', '-')}={v}" for k, v in (common | options).items()]
        return CliRunner().invoke(main, [command, *arguments])

    return run


def test_a_phase_and_a_prediction(call, dataset, arms, shared, prediction_parameters, tmp_path):
    result = call(
        "train-segmentor", labels=dataset / "semantic", split="train", arm="sb", seed=4,
        shared=shared, parameters=arm_parameters("sb").model_dump_json(),
        work_dir=tmp_path / "work", output=tmp_path / "sb.pth",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (tmp_path / "sb.pth").read_bytes() == arms.sb.read_bytes()
    assert "iteration 6 of 8" in result.stderr
    result = call(
        "predict", split="val", checkpoint=tmp_path / "sb.pth", output=tmp_path / "maps",
        parameters=prediction_parameters.model_dump_json(),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "maps").iterdir())) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arm": "ce"}, "needs the checkpoint of the shared phase"),
        ({"split": "test"}, "no split 'test'"),
        ({"seed": -3}, "seed -3: must not be negative"),
    ],
)
def test_bad_input_is_one_line_without_a_traceback(call, dataset, tmp_path, changes, message):
    options = {
        "labels": dataset / "semantic", "split": "train", "arm": "shared",
        "parameters": training_parameters().model_dump_json(),
        "work_dir": tmp_path / "work", "output": tmp_path / "out.pth",
    }  # fmt: skip
    result = call("train-segmentor", **(options | changes))
    assert result.exit_code == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert message in lines[0]
    assert not (tmp_path / "out.pth").exists()


def test_unknown_parameters_are_refused(call, dataset, tmp_path):
    result = call(
        "train-segmentor", labels=dataset / "semantic", split="train", arm="shared",
        parameters='{"modle": {}}', work_dir=tmp_path, output=tmp_path / "out.pth",
    )  # fmt: skip
    assert result.exit_code == 2
    assert "modle" in result.stderr


def test_help_starts_without_torch():
    code = "import sys, smallobjects.cli.segmentation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
