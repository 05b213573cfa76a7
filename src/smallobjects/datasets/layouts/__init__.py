"""The layouts of raw data: every folder here is one, by its name, with a converter of its own."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from smallobjects.datasets.errors import DatasetError


@cache
def known_layouts() -> tuple[str, ...]:
    """Return the names of all layouts, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def converter_of(layout: str) -> ModuleType:
    """Return the module with `open_raw(raw, parameters)` of a layout."""
    return importlib.import_module(f"{__name__}.{layout}.converter")


def class_names_of(layout: str) -> tuple[str, ...]:
    """Return the names of the class ids 1..C of a layout, as its folder states in `CLASS_NAMES`.

    Empty: it states none, and only the raw data tells.
    """
    return getattr(importlib.import_module(f"{__name__}.{layout}"), "CLASS_NAMES", ())


def synthetic_of(layout: str) -> ModuleType:
    """Return the module with `write_raw(parameters, folder)` of a layout.

    Raises:
        DatasetError: it has none.
    """
    name = f"{__name__}.{layout}.synthetic"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise DatasetError(
            f"layout {layout!r}: no synthetic data can be drawn for it, as {name} is not there"
        ) from error
