import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.datasets.prepared import PreparedDataset

SCENES = json.dumps({"train_images": 4, "val_images": 2, "image_size": 48})


@pytest.fixture
def call():
    return lambda *arguments: CliRunner().invoke(main, [str(item) for item in arguments])


@pytest.mark.parametrize("layout", ["voc", "coco"])
def test_from_nothing_to_a_prepared_dataset(layout, call, request, tmp_path):
    made = call(
        "make-synthetic", "--layout", layout, "--parameters", SCENES, "--output", tmp_path / "raw"
    )
    assert made.exit_code == 0, made.output
    parameters = request.getfixturevalue(f"{layout}_parameters").model_dump_json()
    prepared = call(
        *(
            "prepare-dataset",
            "--name",
            "mine",
            "--parameters",
            parameters,
            "--raw",
            tmp_path / "raw",
        ),
        *("--output", tmp_path / "prepared", "--workers", 2),
    )
    assert prepared.exit_code == 0, prepared.output
    dataset = PreparedDataset.open(tmp_path / "prepared")
    assert dataset.name == "mine"
    assert len(dataset.split("val")) == 2


def test_bad_input_ends_in_one_line(call, voc_parameters, tmp_path):
    arguments = (
        "prepare-dataset",
        "--name",
        "voc",
        "--parameters",
        voc_parameters.model_dump_json(),
    )
    result = call(*arguments, "--raw", tmp_path, "--output", tmp_path / "prepared")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {tmp_path}: no folder 'JPEGImages'; raw must be")
    assert len(result.output.splitlines()) == 1
    result = call(
        "make-synthetic", "--layout", "voc", "--parameters", '{"classes": [21]}', "--output", "x"
    )
    assert result.exit_code == 1
    assert "[21] are not among the 20 classes" in result.output
    (tmp_path / "file").write_text("x")
    result = call(
        "make-synthetic", "--layout", "voc", "--parameters", SCENES, "--output", tmp_path / "file"
    )
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_unknown_parameter_is_refused(call, tmp_path):
    result = call(
        "make-synthetic",
        "--layout",
        "voc",
        "--parameters",
        '{"sed": 1}',
        "--output",
        tmp_path / "x",
    )
    assert result.exit_code == 2
    assert "sed" in result.output


def test_help_does_not_wait_for_heavy_imports():
    program = "import sys, smallobjects.cli.datasets; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert not {"torch", "pandas", "scipy", "PIL", "pycocotools"} & set(modules)
