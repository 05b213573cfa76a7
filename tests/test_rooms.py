"""Imports between rooms go one way, and CONTRIBUTING.md draws them as they are."""

import ast
import re
from collections import defaultdict
from graphlib import TopologicalSorter

import pytest

TABLE = re.compile(r"^(\w+) +← ?(.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def rooms(repository):
    """By each folder of the package, those that it imports, within functions too."""
    package = repository / "src" / "smallobjects"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    found = {folder: set() for folder in sorted(folders)}
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0]
        if room in folders:
            found[room] |= (imported(path) & folders) - {room}
    return found


@pytest.fixture(scope="module")
def beside(repository):
    """By each module beside the rooms, the modules and rooms that it imports."""
    modules = (repository / "src" / "smallobjects").glob("*.py")
    return {path.stem: imported(path) for path in modules if path.stem != "__init__"}


def imported(path):
    """The rooms and modules of the package that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "smallobjects":
            names |= {f"smallobjects.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("smallobjects.")}


def test_imports_are_those_of_the_table(rooms, repository):
    text = (repository / "CONTRIBUTING.md").read_text()
    table = {room: set(others.split()) for room, others in TABLE.findall(text)}
    assert table == rooms


def test_no_room_imports_one_that_imports_it(rooms):
    order = list(TopologicalSorter(rooms).static_order())
    assert set(order) == set(rooms)


def test_the_modules_beside_the_rooms_import_none(rooms, beside):
    assert len(beside) > 8
    for module, others in beside.items():
        assert not others & set(rooms), module
    list(TopologicalSorter(beside).static_order())


def test_a_public_class_has_a_name_of_its_own(repository):
    """But for `Stages`, by which every method's stages are found."""
    homes, package = defaultdict(list), repository / "src" / "smallobjects"
    for path in sorted(package.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(package)))
    homes.pop("Stages")
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
