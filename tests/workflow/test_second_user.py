"""A second user goes on with the run of a first in the same folder, as docs/cluster.md says."""

import os
import re
import shutil
import stat

import pytest
from small_workflow import SMALL, Workflow

from smallobjects.config.layers import merge

DATASET = "results/demo/datasets/voc/dataset.json"
SHARED = "results/demo/segmentors/voc/full/deeplabv2/seed0/shared.pth"
LOG = "results/demo/logs/train_shared/voc/full/deeplabv2/seed0.log"
GROUP = 54000
FIRST, SECOND = 54001, 54002
# Long enough to be killed after a checkpoint.
SCHEDULE = {"iterations": 41, "shared_iterations": 40, "checkpoint_interval": 2}
ONE_TRAINING = merge(
    SMALL,
    {
        "datasets": ["voc"],
        "matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}],
        "settings": {"segmentors": {"deeplabv2": {"schedule": SCHEDULE}}},
    },
)
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root, who may act for two users, and setpriv (util-linux)",
)


class UsersWorkflow(Workflow):
    """The workflow as one of several users calls it."""

    user = FIRST
    umask = "002"

    def by(self, user: int) -> "UsersWorkflow":
        """The same folder, and another user."""
        other = self.changed({})
        other.user, other.umask = user, self.umask
        return other

    def prefix(self) -> list[str]:
        # It may read everything, as the interpreter and the folder may be root's alone: whether
        # others could read the results, the tests see by their permissions.
        reading = "+dac_read_search"
        become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", f"--groups={GROUP}"]
        become += [f"--inh-caps={reading}", f"--ambient-caps={reading}"]
        return [*become, "sh", "-c", f'umask {self.umask}; exec "$@"', "sh"]

    def environment(self) -> dict[str, str]:
        home = self.folder.with_name(f"home-{self.user}")
        home.mkdir(exist_ok=True)
        os.chown(home, self.user, self.user)
        names = {"HOME": str(home), "LOGNAME": f"user{self.user}"}
        return {**super().environment(), **names, "XDG_CACHE_HOME": f"{home}/.cache"}


@pytest.fixture
def shared(tmp_path, repository) -> UsersWorkflow:
    """A folder of a group that hands its group down, and its first user."""
    run = UsersWorkflow(tmp_path / "shared", repository, ONE_TRAINING)
    os.chown(run.folder, 0, GROUP)
    run.folder.chmod(0o2775)
    return run


def test_the_second_user_goes_on_from_the_checkpoint_of_the_first(shared):
    work = shared.folder / f"{SHARED}.work"
    shared.kill_when(lambda: any(work.glob("*/iter_*.pth")), SHARED)
    second = shared.by(SECOND)
    locked = second.run(SHARED, succeeds=False)
    assert "--unlock" in locked
    second.run("--unlock")
    second.run(SHARED)
    assert re.search(r"from \S*iter_\d+\.pth", (shared.folder / LOG).read_text())
    owners = {(shared.folder / path).stat().st_uid for path in (DATASET, SHARED)}
    assert owners == {FIRST, SECOND}
    assert not work.exists()
    for path in [*shared.folder.glob(".snakemake/*"), *shared.folder.glob("results/**/*")]:
        if not path.is_symlink():
            needed = stat.S_IRGRP | stat.S_IWGRP
            assert path.stat().st_mode & needed == needed, path
            assert path.stat().st_gid == GROUP, path


def test_the_first_user_repeats_what_the_second_made(shared):
    shared.by(SECOND).run(DATASET)
    shared.run("--forceall", DATASET)
    assert (shared.folder / DATASET).stat().st_uid == FIRST


def test_without_the_umask_the_error_names_the_folder_and_the_remedy(shared):
    shared.umask = "022"
    shared.run(DATASET)
    refused = shared.by(SECOND).run(SHARED, succeeds=False)
    assert f"You may not write in the folder {shared.folder}/.snakemake of user {FIRST}" in refused
    assert "umask 002" in refused
    assert "Traceback" not in refused
    # What the message tells the owner to do.
    opened = re.search(r"opens: `(.*)`", refused)[1].replace("GROUP", str(GROUP))
    assert os.system(f"cd {shared.folder} && {opened}") == 0
    shared.umask = "002"
    shared.by(SECOND).run("results/demo/pseudo_labels/voc/full/manifest.json")
