"""What `smallobjects.metrics` gives by name, and what it costs to import."""

import importlib
import subprocess
import sys

import pytest

import smallobjects.metrics


@pytest.mark.parametrize("name", smallobjects.metrics.__all__)
def test_a_name_is_found_when_it_is_used(name):
    found = getattr(smallobjects.metrics, name)
    assert found.__name__ == name
    assert getattr(importlib.import_module(found.__module__), name) is found


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"'smallobjects\.metrics' has no .* 'iou'"):
        smallobjects.metrics.iou  # noqa: B018


def test_numpy_and_the_component_finder_are_all_that_it_starts():
    code = (
        "import sys, smallobjects.metrics; "
        "heavy = {'pandas', 'scipy', 'torch', 'pyarrow', 'PIL', 'click'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
