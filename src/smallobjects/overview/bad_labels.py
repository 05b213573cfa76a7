"""The warnings of label sources, as their manifests record them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smallobjects.config import Experiment


def recorded_warnings(manifest: Path) -> list[dict[str, Any]]:
    """Return the `warnings` of a manifest: `kind`, `message` and numbers.

    Empty without any, and for a manifest that is not there, cannot be read, or is older than the
    warnings.
    """
    try:
        content = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return []
    found = content.get("warnings") if isinstance(content, dict) else None
    return found if isinstance(found, list) else []


def bad_labels(experiment: Experiment, folder: Path) -> Iterator[str]:
    """Yield a line for every label source of an experiment whose labels have warnings.

    Args:
        experiment: whose cells are asked for.
        folder: where Snakemake runs.
    """
    sources = dict.fromkeys(
        (experiment.trained_on(cell.dataset), cell.source) for cell in experiment.cells
    )
    for dataset, source in sources:
        manifest = folder / experiment.root / "pseudo_labels" / dataset / source / "manifest.json"
        found = recorded_warnings(manifest)
        if found:
            messages = "; also: ".join(warning["message"] for warning in found)
            yield f"WARNING: labels of {source} for {dataset}: {messages}"
