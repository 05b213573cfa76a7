"""Names of a package whose modules are imported when the names are used."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from smallobjects.extras import missing_extra


def names_on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package, so that what is beside a name starts without it.

    Args:
        package: its `__name__`.
        homes: the module in the package that defines each name.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        except ModuleNotFoundError as error:
            remedy = missing_extra(error)
            if remedy is None:
                raise
            raise ModuleNotFoundError(remedy, name=error.name) from error

    return find
