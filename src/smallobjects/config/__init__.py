"""One validated configuration: what is run, and every setting of every stage, resolved."""

from smallobjects.config.errors import ConfigError
from smallobjects.config.experiment import Experiment, load
from smallobjects.config.matrix import Cell
from smallobjects.config.paths import fetched_parts, known_weights, missing_paths, weights_in

__all__ = [
    "Cell",
    "ConfigError",
    "Experiment",
    "fetched_parts",
    "known_weights",
    "load",
    "missing_paths",
    "weights_in",
]
