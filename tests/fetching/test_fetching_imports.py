"""The room stands alone: it is there before the datasets are."""

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, sys
import smallobjects.fetching as room
for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"smallobjects.fetching.{module.name}")
allowed = {"errors", "fetching", "integrity", "parameters", "publishing"}
others = {n.split(".")[1] for n in sys.modules if n.startswith("smallobjects.")} - allowed
heavy = {"torch", "numpy", "pandas", "scipy"} & set(sys.modules)
sys.exit(f"imported {others | heavy}" if others | heavy else 0)
"""


def test_nothing_of_other_rooms_is_imported():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_commands_start_without_the_network_library():
    program = "import sys, smallobjects.cli.fetching; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert not {"requests", "scipy", "numpy", "torch"} & set(modules)
