"""Jobs whose Snakemake is no more: which they are, and that none is left."""

from pathlib import Path

import pytest

from smallobjects.cluster.commands import SlurmError
from smallobjects.cluster.orphans import cancel_orphans, queued

# As Slurm 22.05 prints it, shortened.
LINE = (
    "JobId={job} JobName=8c7f UserId=ada(1000) GroupId=ada(1000) Priority=1 JobState={state} "
    "Reason=None Command=(null) WorkDir={folder} Comment=rule_train_arm StdErr={log} "
    "StdIn=/dev/null StdOut={log} Power= TresPerJob=gres:gpu:1"
)


def line(job, folder, state="RUNNING"):
    log = f"{folder}/.snakemake/slurm_logs/rule_train_arm/voc/{job}.log"
    return LINE.format(job=job, folder=folder, log=log, state=state)


class Slurm:
    """Answers as Slurm does: a cancelled job stays for a while."""

    def __init__(self, lines, refuses=False, ends=True):
        self.lines, self.refuses, self.ends, self.cancelled = lines, refuses, ends, []

    def __call__(self, command):
        if command[0] == "scancel":
            if self.refuses:
                raise SlurmError("scancel says: Access denied")
            self.cancelled = command[1:]
            return ""
        answer = "\n".join(self.lines)
        if self.cancelled and self.ends:
            self.lines = [each.replace("RUNNING", "CANCELLED") for each in self.lines]
        return answer


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "our results"
    place.mkdir()
    return place


def test_only_the_jobs_of_this_folder_that_are_not_over_are_cancelled(folder):
    other = Path(f"{folder}-too")
    slurm = Slurm(
        [line(1, folder), line(2, other), line(3, folder, "COMPLETED"), line(4, folder, "RUNNING")]
    )
    assert cancel_orphans(folder, slurm) == ["1", "4"]
    assert slurm.cancelled == ["1", "4"]


def test_an_empty_queue_is_left_alone(folder):
    slurm = Slurm(["No jobs in the system"])
    assert cancel_orphans(folder, slurm) == []
    assert not slurm.cancelled


def test_the_job_of_another_user_is_named(folder):
    with pytest.raises(SlurmError, match=r"7 of ada.*Access denied.*ask their owner"):
        cancel_orphans(folder, Slurm([line(7, folder)], refuses=True))


def test_a_job_that_does_not_end_stops_the_run(folder):
    with pytest.raises(SlurmError, match="do not end: 7; wait"):
        cancel_orphans(folder, Slurm([line(7, folder)], ends=False), patience=0)


def test_a_line_is_read_with_spaces_in_its_paths(folder):
    (job,) = queued(line(12, folder, "PENDING"))
    assert job.job == "12"
    assert job.user == "ada"
    assert job.output == f"{folder}/.snakemake/slurm_logs/rule_train_arm/voc/12.log"
