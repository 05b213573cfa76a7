"""Losses that balance object sizes: size-weighted cross-entropy, elastic weight consolidation."""

from smallobjects.names_on_use import names_on_use

_HOMES = {
    "ElasticWeightConsolidation": "consolidation",
    "add_ewc_gradient": "ewc",
    "ewc_penalty": "ewc",
    "normalise_fisher": "ewc",
    "update_fisher": "ewc",
    "nearest_labels": "labels",
    "size_balanced_loss": "size_balanced",
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
    "size_balanced_loss",
    "size_weights",
    "uniform_weights",
    "update_fisher",
    "weighted_cross_entropy",
]

# The parameters next door can be read without starting torch.
__getattr__ = names_on_use(__name__, _HOMES)
