"""The tools start without what they do not need, and nothing on the road needs them."""

import ast
import subprocess
import sys

import pytest

TOOLS = ("curation", "viewer", "web")
SCRIPT = """
import sys
import {modules}
heavy = [name for name in ("torch", "mmseg", "cv2", "matplotlib", "pandas") if name in sys.modules]
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""


@pytest.mark.parametrize(
    "modules",
    [
        "smallobjects.cli.curate, smallobjects.curation.pages, smallobjects.curation.export",
        "smallobjects.cli.view, smallobjects.viewer.pages",
        "smallobjects.web.serving",
    ],
)
def test_no_heavy_imports(modules):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(modules=modules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def imported(path):
    """Yield the rooms that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith("smallobjects."):
                yield name.split(".")[1]


def test_imports_go_one_way(repository):
    package = repository / "src" / "smallobjects"
    plain = {"image_lists", "integrity", "parallel", "parameters", "publishing", "runs"}
    allowed = {
        "web": {"web", "datasets"} | plain,
        "curation": {"curation", "web", "datasets"} | plain,
        "viewer": {"viewer", "web", "datasets", "metrics"} | plain,
    }
    seen = 0
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0]
        rooms = set(imported(path))
        seen += len(rooms)
        if room in allowed:
            assert rooms <= allowed[room], path
        elif room != "cli":
            assert not rooms & set(TOOLS), path
    assert seen > 100
