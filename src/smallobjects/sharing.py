"""Results that several users share: whether one of them may go on where another stopped."""

import os
from pathlib import Path

# In results are <scale>/<kind>/<dataset>/<source>; what lies deeper was made by the same user.
_DEPTH = 4


class ClosedFolderError(RuntimeError):
    """Folders in which a user may not write; the message says which, whose, and the remedy."""


def require_open(*folders: Path) -> None:
    """Check that this user may write in folders that others may have made.

    Args:
        folders: that may not be there yet; what they hold is looked at a few levels deep.

    Raises:
        ClosedFolderError: this user may not write in one of them.
    """
    closed = [path for folder in folders for path in closed_folders(folder)]
    if not closed:
        return
    more = f", and in {len(closed) - 1} more" if closed[1:] else ""
    names = " ".join(str(folder) for folder in folders if folder.exists())
    raise ClosedFolderError(
        f"You may not write in the folder {closed[0].absolute()} of {_owner(closed[0])}{more}. "
        "Who shares results belongs to one group, called GROUP here, and calls "
        "`umask 002` before `snakemake`. What was made without that, its owner opens: "
        f"`chgrp -R GROUP {names} && chmod -R g+rwX {names} && "
        f"find {names} -type d -exec chmod g+s {{}} +`"
    )


def closed_folders(folder: Path, depth: int = _DEPTH) -> list[Path]:
    """Return `folder` and those in it, up to a depth, in which this user may not write.

    Args:
        folder: that may not be there.
        depth: how many levels below it are looked at.
    """
    if not folder.is_dir():
        return []
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [folder]
    if depth == 0:
        return []
    below = sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    return [closed for each in below for closed in closed_folders(each, depth - 1)]


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"
