"""The published settings of the label methods, read from their files as a user reads them."""

import importlib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

METHODS = Path(__file__).resolve().parents[2] / "config" / "methods"


def stated(part: str, **changes: Any) -> dict[str, Any]:
    """Return what the file of a method states of a stage, with changes.

    A test has no published weights, so they are null unless they are changed.

    Args:
        part: the method, its stage and what is nested in it: `amn.seed`, or `amn.seed.crf`.
        changes: values, and mappings of values, which change what is nested.
    """
    method, *keys = part.split(".")
    values = deepcopy(_stages(method))
    for key in keys:
        values = values[key]
    return _changed(values, changes)


def published(part: str, **changes: Any) -> Any:
    """Return the same as the model that the method has for it."""
    method, *keys = part.split(".")
    model = importlib.import_module(f"smallobjects.pseudo_labels.{method}.parameters").Stages
    for key in keys:
        model = model.model_fields[key].annotation
    return model.model_validate(stated(part, **changes))


@cache
def _stages(method: str) -> dict[str, Any]:
    stages = yaml.safe_load((METHODS / f"{method}.yaml").read_text())["stages"]
    return {name: stage | _without_weights(stage) for name, stage in stages.items()}


def _without_weights(stage: dict[str, Any]) -> dict[str, None]:
    return {"weights": None} if "weights" in stage else {}


def _changed(values: Any, changes: Any) -> Any:
    if not isinstance(values, dict) or not isinstance(changes, dict):
        return changes
    return values | {key: _changed(values.get(key), value) for key, value in changes.items()}
