"""A cluster without accounts is named before anything waits for them."""

import pytest

from smallobjects.cluster.accounting import check_accounting
from smallobjects.cluster.commands import SlurmError, slurm


def test_only_sacct_needs_accounts():
    called = []
    check_accounting("squeue", called.append)
    assert not called
    check_accounting("sacct", called.append)
    assert called[0][0] == "sacct"


def test_a_cluster_without_accounts_is_refused():
    def refuse(command):
        raise SlurmError("sacct says: Slurm accounting storage is disabled")

    with pytest.raises(SlurmError, match=r"no accounts .*is disabled.*SLURM_STATUS unset"):
        check_accounting("sacct", refuse)


def test_what_a_command_says_and_that_there_is_none():
    assert slurm(["echo", "yes"]) == "yes\n"
    with pytest.raises(SlurmError, match=r"ls says: .*missing"):
        slurm(["ls", "/missing"])
    with pytest.raises(SlurmError, match="no-such-command: there is no such command"):
        slurm(["no-such-command"])
