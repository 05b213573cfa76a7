"""What Snakemake keeps of a run under way, in `.snakemake/`: markers of outputs, and locks."""

import base64
import binascii
from pathlib import Path


def incomplete_outputs(folder: Path) -> set[str]:
    """Return the outputs of jobs that were begun and have not ended, as Snakemake writes them.

    A marker's name is its output's, in base64; a long one is parted into folders that begin with @.

    Args:
        folder: where Snakemake runs.
    """
    root = folder / ".snakemake" / "incomplete"
    found = set()
    for marker in root.rglob("*"):
        if marker.is_dir() or marker.name == "migration_underway":
            continue
        name = "".join(part.removeprefix("@") for part in marker.relative_to(root).parts)
        try:
            found.add(base64.urlsafe_b64decode(name).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def is_locked(folder: Path) -> bool:
    """Tell whether a Snakemake runs in a folder, or was killed there and nobody unlocked it."""
    return any((folder / ".snakemake" / "locks").glob("*.lock"))


def remove_incomplete_records(folder: Path) -> list[str]:
    """Remove the records (`*.record.json`) of what was being fetched or unpacked in a killed run.

    Snakemake makes an incomplete output again, but forgets the jobs after it, whatever they lack,
    if it is an `ancient` input of theirs (9.27): they would be left out of the run in silence. A
    record that is missing is no such case, and nothing is fetched twice for want of it.

    Args:
        folder: where Snakemake runs; nothing is done while it is locked.

    Returns:
        The records.
    """
    if is_locked(folder):
        return []
    found = [path for path in sorted(incomplete_outputs(folder)) if path.endswith(".record.json")]
    for path in found:
        (folder / path).unlink(missing_ok=True)
    return found
