"""Segmentors' files, which are MMEngine configurations: their values, and which file gives each."""

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from smallobjects.config.errors import ConfigError
from smallobjects.config.layers import expand_home, merge, without_marks
from smallobjects.config.origins import Sources
from smallobjects.full_disks import full_disk


@cache
def read_mmengine(path: Path) -> dict[str, Any]:
    """Return the top-level names of an MMEngine Python configuration file, as plain values."""
    from mmengine.config import Config

    with _room_for_copies():
        return expand_home(Config.fromfile(path).to_dict())


@cache
def written_in(path: Path) -> Sources:
    """Return what a file and those under its `_base_` say themselves, the lowest first.

    Each has the name of its file. Laid one over the other they are what `read_mmengine` returns;
    if they are not, as the file uses more of MMEngine than this, all of it counts as the file's.
    """
    whole = read_mmengine(path)
    parts = tuple(_parts(path))
    same = without_marks(merge({}, *(values for _, values in parts))) == without_marks(whole)
    return parts if same else ((str(path), whole),)


def _parts(path: Path) -> Sources:
    from mmengine.config import Config

    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = [node for node in tree.body if _is_base(node)]
    tree.body = [node for node in tree.body if node not in named]
    bases = [ast.literal_eval(node.value) for node in named]
    names = [name for base in bases for name in ([base] if isinstance(base, str) else base)]
    below = tuple(part for name in names for part in _parts(path.parent / name))
    with _room_for_copies():
        own = expand_home(Config.fromstring(ast.unparse(tree), ".py").to_dict())
    return (*below, (_short(path), own))


@contextmanager
def _room_for_copies() -> Iterator[None]:
    """Say of an error that the disk is full to which MMEngine copies what it reads, if it is.

    Raises:
        ConfigError: it is.
    """
    try:
        yield
    except Exception as error:
        full = full_disk(error)
        if full is None:
            raise
        raise ConfigError(full) from error


def _is_base(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "_base_" for target in node.targets
    )


def _short(path: Path) -> str:
    """Return a path without the `..` and `.` that lead from one file to its base."""
    return os.path.normpath(path)
