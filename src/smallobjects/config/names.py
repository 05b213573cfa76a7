"""Everything that an experiment names must have a file of its own."""

from collections.abc import Callable

from smallobjects.config.errors import unknown
from smallobjects.config.model import ExperimentConfig


def check_names(config: ExperimentConfig, available: Callable[[str], list[str]]) -> None:
    """Check that everything the experiment names has a file of its own.

    Args:
        config: the experiment.
        available: gives the names that exist of a kind: datasets, methods, segmentors, scales.

    Raises:
        ConfigError: the key, the unknown name, and those that exist.
    """
    sources = [*available("methods"), *(f"external:{name}" for name in config.external)]
    named = [
        ("scale", [config.scale], available("scales")),
        ("datasets", config.datasets, available("datasets")),
    ]
    for index, block in enumerate(config.matrix):
        named.append((f"matrix.{index}.labels", block.labels, sources))
        named.append((f"matrix.{index}.segmentors", block.segmentors, available("segmentors")))
    named.append(("ablation.labels", config.ablation.labels, sources))
    named.append(("ablation.segmentors", config.ablation.segmentors, available("segmentors")))
    for name, labels in config.external.items():
        named.append((f"external.{name}.labels", labels.labels, available("datasets")))
    for kind in ("datasets", "methods", "segmentors"):
        named.append((f"settings.{kind}", getattr(config.settings, kind), available(kind)))
    for key, values, allowed in named:
        for value in values:
            if value not in allowed:
                raise unknown(key, value, allowed)
