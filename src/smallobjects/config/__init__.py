"""One validated configuration: what is run, and every setting of every stage, resolved."""

from smallobjects.config.errors import ConfigError
from smallobjects.config.experiment import Experiment, load
from smallobjects.config.matrix import Cell
from smallobjects.config.paths import missing_paths

__all__ = ["Cell", "ConfigError", "Experiment", "load", "missing_paths"]
