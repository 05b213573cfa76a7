"""What happens before the first job of a run, and the words in which it refuses to begin."""

from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.cluster.accounting import check_accounting
from smallobjects.cluster.commands import SlurmError
from smallobjects.cluster.local_orphans import OrphanError, end_local_orphans
from smallobjects.cluster.orphans import cancel_orphans
from smallobjects.config import Experiment, missing_paths
from smallobjects.sharing import ClosedFolderError, require_open


def require_open_folders(*folders: Path) -> None:
    """Stop a run in folders that this user cannot write to.

    Snakemake itself would stop at the first of its own files, without saying what helps.

    Raises:
        WorkflowError: one is closed.
    """
    try:
        require_open(*folders)
    except ClosedFolderError as error:
        raise WorkflowError(str(error)) from None


def require_paths(experiment: Experiment) -> None:
    """Stop a run whose configuration names paths that are not there.

    Raises:
        WorkflowError: it names them all.
    """
    missing = missing_paths(experiment)
    if missing:
        lines = [
            f"{key} = {path!r}: there is no such file or folder" for key, path in missing.items()
        ]
        remedy = (
            "Give paths that exist under these keys of config.yaml, or put the files there; delete "
            "a record (*.record.json) to fetch again what it tells of."
        )
        raise WorkflowError("\n".join(["The configuration cannot be run.", *lines, remedy]))


def end_jobs_of_earlier_runs(folder: Path) -> None:
    """End what a killed Snakemake left running in a folder on this machine.

    Raises:
        WorkflowError: it cannot be ended.
    """
    try:
        end_local_orphans(folder)
    except OrphanError as error:
        raise WorkflowError(str(error)) from None


def prepare_slurm(folder: Path, status_command: str) -> None:
    """Ask Slurm for accounts, if these are read; end the jobs of an earlier run in a folder.

    Raises:
        WorkflowError: Slurm has no accounts, or does not answer.
    """
    try:
        check_accounting(status_command)
        cancel_orphans(folder)
    except SlurmError as error:
        raise WorkflowError(str(error)) from None
