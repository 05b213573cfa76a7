"""Importing MMSegmentation without what hardly any network uses."""

import sys
from types import ModuleType
from typing import Any


class _ImportedOnUse(ModuleType):
    """Stands for a module, which is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        import importlib

        return getattr(importlib.import_module(self.__name__), name)


def import_mmsegmentation() -> None:
    """Import MMSegmentation's models, which then import timm only when a backbone of it is built.

    MMSegmentation imports timm if it is there, for one of its backbones. That alone takes a quarter
    of the time in which a prediction starts.
    """
    if "mmseg.models" in sys.modules:
        return
    # None: an import fails, which MMSegmentation allows.
    before = sys.modules.get("timm")
    sys.modules["timm"] = before
    try:
        from mmseg.models.backbones import timm_backbone
    finally:
        if before is None:
            del sys.modules["timm"]
    if timm_backbone.timm is None:
        timm_backbone.timm = _ImportedOnUse("timm")
