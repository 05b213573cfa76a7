"""The warnings that the manifest of a label source records, for those who show them."""

import json
from pathlib import Path
from typing import Any


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


def without_remedy(message: str) -> str:
    """Return what is wrong, as short as a caption: a message up to its remedy."""
    return message.partition(": ")[0]
