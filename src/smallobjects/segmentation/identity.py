"""What a training depends on, as hashes: two trainings with equal ones give equal weights."""

import hashlib
import json
from pathlib import Path
from typing import Any

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.publishing.checksums import file_checksum
from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.configuration import TrainingRun
from smallobjects.segmentation.errors import SegmentationError

OWN_SETTINGS = {"tau", "ewc_strength", "fisher_decay"}
"""Parameters in which an arm may differ from the phase that it continues."""
REPORTING = {"checkpoint_interval", "log_interval"}
"""Parts of the schedule that change no weight."""


def identity(run: TrainingRun) -> dict[str, Any]:
    """Return everything that the weights depend on, but for the machine and the libraries.

    Raises:
        FileNotFoundError: the dataset, the split or a label is missing.
    """
    dataset = PreparedDataset.open(run.dataset)
    ids = dataset.split(run.split)
    return {
        **run.parameters.model_dump(mode="json"),
        "phase": run.phase,
        "seed": run.seed,
        "dataset": _digest([(dataset.root / "dataset.json").read_bytes()]),
        "images": _digest(image_id.encode() + b"\n" for image_id in ids),
        "labels": _digest(_label(run.labels, image_id) for image_id in ids),
        "shared": None if run.shared is None else file_checksum(run.shared),
    }


def key(description: dict[str, Any]) -> str:
    """Return a name for a training with this identity: 16 hexadecimal digits."""
    return _digest([json.dumps(description, sort_keys=True).encode()])[:16]


def check_continues(run: TrainingRun, description: dict[str, Any]) -> None:
    """Refuse a shared phase that was trained in another way than the arm says.

    Raises:
        SegmentationError: names the file and the setting that differs.
    """
    checkpoint = load(run.shared)
    started = checkpoint["meta"]["identity"]
    if started["phase"] != "shared":
        raise SegmentationError(
            f"{run.shared}: the end of arm {started['phase']}, not of a shared phase"
        )
    for name in started.keys() - OWN_SETTINGS - {"phase", "shared"}:
        before, now = started[name], description[name]
        if name == "schedule":
            before, now = (
                {k: v for k, v in s.items() if k not in REPORTING} for s in (before, now)
            )
        if before != now:
            shown = "" if isinstance(now, dict | list) else f" ({before}, now {now})"
            raise SegmentationError(
                f"{run.shared}: was trained with another {name}{shown}; the arms must continue the "
                "same training: train the shared phase again"
            )


def _label(folder: Path, image_id: str) -> bytes:
    content = (folder / f"{image_id}.png").read_bytes()
    return len(content).to_bytes(8, "big") + content


def _digest(parts: Any) -> str:
    result = hashlib.sha256()
    for part in parts:
        result.update(part)
    return result.hexdigest()
