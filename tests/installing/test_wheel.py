"""The wheel in fresh environments: several Pythons and numpys, without PyTorch, the same bytes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from smallobjects.integrity.tables import read_frame


class Kind(NamedTuple):
    """An environment: the Python's version and what numpy it has."""

    python: str
    numpy: str


KINDS = [Kind("3.11", "numpy==1.26.*"), Kind("3.12", "numpy>=2"), Kind("3.13", "numpy>=2")]
OLD_NUMPY = "pyarrow<26"
"""What numpy 1.26 needs beside it: pyarrow 26 asks for numpy 2 when it is imported, and not pip."""


def interpreter(version: str) -> Path | None:
    """Find a Python by its version: on the path, or where pyenv keeps them."""
    named = shutil.which(f"python{version}")
    kept = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
        f"versions/{version}.*/bin/python"
    ))  # fmt: skip
    for path in [*([Path(named)] if named else []), *kept]:
        said = subprocess.run([path, "-c", "import ensurepip, sys; print(sys.version)"],
                              check=False, capture_output=True, text=True)  # fmt: skip
        if said.stdout.startswith(f"{version}."):
            return path
    return None


@pytest.fixture(scope="session")
def wheel(tmp_path_factory, repository):
    """Built from the files of the checkout alone."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(repository / "src", source / "src", ignore=ignored)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder,
         source], check=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=KINDS, ids="-".join)
def environment(request, wheel, tmp_path_factory):
    """The folder of commands of a fresh environment with the wheel."""
    python = interpreter(request.param.python)
    if python is None:
        pytest.skip(f"no Python {request.param.python}")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([python, "-m", "venv", folder], check=True)
    old = [OLD_NUMPY] if "1.26" in request.param.numpy else []
    subprocess.run(
        [folder / "bin" / "pip", "install", "-qq", "--disable-pip-version-check", wheel,
         request.param.numpy, *old], check=True,
    )  # fmt: skip
    return folder / "bin"


@pytest.fixture(scope="session")
def masks(tmp_path_factory):
    """Predictions and ground truth of some images, with objects of all sizes and void."""
    folder = tmp_path_factory.mktemp("masks")
    generator = np.random.default_rng(0)
    for name in ("predictions", "semantic", "instances"):
        (folder / name).mkdir()
    for number in range(6):
        semantic, instances = np.zeros((2, 180, 200), np.uint8)
        for k, side in enumerate((8, 20, 60, 120), start=1):
            y, x = generator.integers(0, 180 - side), generator.integers(0, 200 - side)
            inside = (slice(y, y + side), slice(x, x + side))
            semantic[inside], instances[inside] = generator.integers(1, 4), k
        semantic[:, :2] = instances[:, :2] = 255
        shifted = np.roll(np.where(semantic == 255, 0, semantic), (2, 3), (0, 1))
        for name, mask in zip(
            ("predictions", "semantic", "instances"), (shifted, semantic, instances), strict=True
        ):
            Image.fromarray(mask).save(folder / name / f"{number}.png")
    return folder


def score(command, masks, output):
    folders = [f"--{name}={masks / name}" for name in ("predictions", "semantic", "instances")]
    arguments = [command, "score", *folders, "--num-classes", "4"]
    for more in ([], ["--instances-output", output / "rows.parquet"]):
        done = subprocess.run(
            [*arguments, "--output", output / f"scores{len(more)}.json", *more],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return (output / "scores0.json").read_bytes(), done.stdout


def test_a_score_is_the_same_bytes_everywhere(environment, masks, tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    command = Path(sys.executable).with_name("smallobjects")
    expected, table = score(command, masks, tmp_path / "here")
    found, printed = score(environment / "smallobjects", masks, tmp_path / "there")
    assert found == expected
    assert printed == table
    # The file itself names the version of pyarrow that wrote it.
    rows = [read_frame(tmp_path / name / "rows.parquet") for name in ("here", "there")]
    pd.testing.assert_frame_equal(*rows)
    assert len(rows[0]) > 20
    assert 0 < json.loads(found)["ia_s"] < 1


def test_no_environment_has_torch_and_each_says_how_to_get_it(environment):
    def run(code):
        return subprocess.run(
            [environment / "python", "-c", code], check=False, capture_output=True, text=True
        )

    assert run("import torch").returncode == 1
    assert run("import smallobjects.metrics, smallobjects.losses").returncode == 0
    said = run("from smallobjects.losses import size_balanced_loss").stderr.splitlines()[-1]
    assert said == ("ModuleNotFoundError: PyTorch is missing; pip install 'smallobjects[torch]'")
    said = run("from smallobjects.metrics import TorchInstanceIoU").stderr.splitlines()[-1]
    assert "pip install" in said
    helped = subprocess.run(
        [environment / "smallobjects", "--help"], check=True, capture_output=True, text=True
    )
    assert "score" in helped.stdout


def test_pages_and_types_are_in_the_wheel(environment):
    code = (
        "import smallobjects, pathlib; root = pathlib.Path(smallobjects.__file__).parent; "
        "print((root / 'py.typed').exists(), len(list(root.glob('viewer/static/*.js'))) > 0)"
    )
    done = subprocess.run(
        [environment / "python", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "True"]
