"""Libraries that the small install lacks are named with the extra that brings them."""

import importlib.metadata
import re
import sys
import tomllib

import pytest
from click.testing import CliRunner

from smallobjects import losses
from smallobjects.cli import main
from smallobjects.extras import _FRAMEWORK, _WORKFLOW, missing_extra


@pytest.fixture
def without(monkeypatch):
    """Takes a library away, and what was imported by help of it, until the test is over."""
    before = set(sys.modules)

    def take(library):
        for name in list(sys.modules):
            if name.partition(".")[0] == "smallobjects" and name != "smallobjects.cli":
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, library, None)

    yield take
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_command_says_what_to_install(without):
    without("yaml")
    done = CliRunner().invoke(main, ["config-schema"])
    assert done.exit_code == 1
    assert done.output == "Error: yaml is missing; pip install 'smallobjects[workflow]'\n"


def test_a_loss_says_what_to_install(without):
    without("torch")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'smallobjects\[torch\]'"):
        losses.size_weights  # noqa: B018


def test_a_library_that_is_unfit_says_what_fits():
    error = ImportError("pyarrow requires NumPy 2.0 or newer, found 1.26.4")
    assert missing_extra(error) == (
        f"{error}; pip install 'numpy>=2', or 'pyarrow<26' for numpy 1.26"
    )


def test_torchmetrics_is_named(without):
    without("torchmetrics")
    from smallobjects import metrics

    with pytest.raises(ModuleNotFoundError, match="pip install torchmetrics"):
        metrics.TorchInstanceIoU  # noqa: B018


def test_a_module_that_no_extra_brings_stays_an_error():
    assert missing_extra(ModuleNotFoundError("No module named 'mine'", name="mine")) is None
    assert missing_extra(ModuleNotFoundError("without a name")) is None
    assert missing_extra(ImportError("cannot import name 'x'", name="torch")) is None


@pytest.mark.parametrize("library", [*_FRAMEWORK, *_WORKFLOW])
def test_every_library_is_one_of_the_extra_that_is_named(repository, library):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    installed = {
        re.match(r"[\w-]+", requirement)[0].replace("_", "-").lower()
        for requirement in project["optional-dependencies"]["workflow"]
    }
    brought = importlib.metadata.packages_distributions()[library]
    names = {each.lower().replace("_", "-") for each in brought}
    # Snakemake brings its own interfaces.
    assert names & installed or library == "snakemake_interface_common"
