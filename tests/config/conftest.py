"""A copy of the configuration that a test may change."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def config_folder(tmp_path: Path, repository: Path) -> Path:
    """A copy of config/."""
    return Path(shutil.copytree(repository / "config", tmp_path / "config"))
