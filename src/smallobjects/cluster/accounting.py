"""Whether Slurm keeps the accounts that `sacct` reads."""

from collections.abc import Callable

from smallobjects.cluster.commands import SlurmError, slurm


def check_accounting(status_command: str, call: Callable[[list[str]], str] = slurm) -> None:
    """Refuse `sacct` where it knows of no job: a run would wait for ever for its first one.

    Args:
        status_command: by which the run asks how its jobs are.
        call: calls one of Slurm's commands and returns what it prints.

    Raises:
        SlurmError: there are no accounts.
    """
    if status_command != "sacct":
        return
    try:
        call(["sacct", "--noheader", "--allocations"])
    except SlurmError as error:
        raise SlurmError(
            f"This cluster keeps no accounts ({error}): `sacct` would never tell that a job has "
            "ended. Leave SMALLOBJECTS_SLURM_STATUS unset, for `squeue`"
        ) from error
