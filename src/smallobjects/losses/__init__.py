"""Losses that balance object sizes: size-weighted cross-entropy, elastic weight consolidation."""

import importlib
from typing import Any

from smallobjects.extras import missing_extra

_HOMES = {
    "ElasticWeightConsolidation": "consolidation",
    "add_ewc_gradient": "ewc",
    "ewc_penalty": "ewc",
    "normalise_fisher": "ewc",
    "update_fisher": "ewc",
    "nearest_labels": "labels",
    "size_weighted_cross_entropy": "cross_entropy",
    "size_weights": "size_weighting",
    "uniform_weights": "size_weighting",
    "weighted_cross_entropy": "cross_entropy",
}
__all__ = [
    "ElasticWeightConsolidation",
    "add_ewc_gradient",
    "ewc_penalty",
    "nearest_labels",
    "normalise_fisher",
    "size_weighted_cross_entropy",
    "size_weights",
    "uniform_weights",
    "update_fisher",
    "weighted_cross_entropy",
]


def __getattr__(name: str) -> Any:
    # On use, so that the parameters next door can be read without starting torch.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        remedy = missing_extra(error)
        if remedy is None:
            raise
        raise ModuleNotFoundError(remedy, name=error.name) from error
