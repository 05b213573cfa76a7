"""Chosen thresholds as a file of settings, to be laid over the configuration."""

from collections.abc import Mapping, Sequence

import yaml


def tuned_settings(
    method: str,
    stage: str,
    settings: Mapping[str, float],
    dataset: str | None,
    origin: Sequence[str],
) -> str:
    """Return a file for `snakemake --configfile` as YAML.

    Args:
        method: whose stage it is.
        stage: the stage, such as `random_walk`.
        settings: the thresholds by name.
        dataset: the only dataset for which they are; None for all of them.
        origin: lines that say where they come from.
    """
    changes = {"stages": {stage: dict(settings)}}
    if dataset is not None:
        changes = {"per_dataset": {dataset: changes}}
    content = yaml.safe_dump({"settings": {"methods": {method: changes}}}, sort_keys=False)
    return "".join(f"# {line}\n" for line in origin) + content
