"""What `smallobjects.losses` and `smallobjects.metrics` give by name, and what an import costs."""

import importlib
import subprocess
import sys

import pytest

from smallobjects import losses, metrics

NAMES = [(package, name) for package in (losses, metrics) for name in package.__all__]


@pytest.mark.parametrize(("package", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_name_is_found_when_it_is_used(package, name):
    found = getattr(package, name)
    assert found.__name__ == name
    assert getattr(importlib.import_module(found.__module__), name) is found


@pytest.mark.parametrize(("package", "name"), [(losses, "sizes_weight"), (metrics, "iou")])
def test_a_name_that_is_not_there(package, name):
    said = rf"'{package.__name__}' has no .* '{name}'"
    with pytest.raises(AttributeError, match=said):
        getattr(package, name)


def test_numpy_and_the_component_finder_are_all_that_it_starts():
    code = (
        "import sys, smallobjects.metrics; "
        "heavy = {'pandas', 'scipy', 'torch', 'pyarrow', 'PIL', 'click'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
