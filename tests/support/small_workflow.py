"""Runs of the workflow on few images and few iterations, in a folder of their own."""

import copy
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

from smallobjects.config.layers import merge

FEW_IMAGES = {"train_images": 24, "val_images": 8}
SMALL = {
    # As at paper scale, the labels of a dataset come from several jobs.
    "compute": {"shards": 2},
    "matrix": [{"labels": [name], "segmentors": ["deeplabv2"]} for name in ("irn", "full")],
    "settings": {
        "datasets": {
            "voc": {"synthetic": FEW_IMAGES},
            "coco": {"synthetic": FEW_IMAGES},
            "pascal_b": {
                "synthetic": FEW_IMAGES,
                "selection": {"images": 8, "small": 6, "medium": 7, "large": 6},
            },
        },
        "methods": {"irn": {"stages": {"classifier": {"epochs": 4}, "edges": {"epochs": 2}}}},
        "segmentors": {
            "deeplabv2": {
                "schedule": {"iterations": 12, "shared_iterations": 8, "checkpoint_interval": 2}
            }
        },
    },
}


class Workflow:
    """The repository's Snakefile, run in a folder of its own with a configuration laid over it."""

    def __init__(self, folder: Path, repository: Path, changes: dict) -> None:
        self.folder = folder
        self.repository = repository
        self.changes = copy.deepcopy(changes)
        folder.mkdir(parents=True, exist_ok=True)

    def changed(self, changes: dict) -> "Workflow":
        """The same folder with more changes to the configuration."""
        return type(self)(self.folder, self.repository, merge(self.changes, changes))

    def options(self) -> list[str]:
        """What says where jobs run: here, on two cores."""
        return ["--cores", "2"]

    def environment(self) -> dict[str, str]:
        """The environment of snakemake: this one, with the commands of this installation."""
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def prefix(self) -> list[str]:
        """What starts snakemake: nothing but itself."""
        return []

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start snakemake as the leader of a process group, so that it can be killed whole."""
        config = self.folder / "changes.yaml"
        config.write_text(yaml.safe_dump(self.changes))
        command = [*self.prefix(), sys.executable, "-m", "snakemake", "--snakefile"]
        command += [str(self.repository / "Snakefile"), "--directory", str(self.folder)]
        command += ["--configfile", str(config), "--rerun-incomplete", *self.options(), *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        """Run snakemake to its end and return what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=1200)
        assert (process.returncode == 0) == succeeds, output + self.logs()
        return output

    def logs(self) -> str:
        """The end of every log, for the message of a test that fails."""
        paths = sorted(self.folder.glob("results/*/logs/**/*.log"))
        return "\n".join(f"== {path}\n{path.read_text()[-1500:]}" for path in paths[-12:])

    def planned(self, *arguments: str) -> Counter:
        """How many jobs of each rule a dry-run plans."""
        output = self.run("--quiet", "rules", "--dry-run", *arguments)
        lines = output.partition("Job stats:")[2].partition("\n\n")[0].splitlines()
        counts = [line.split() for line in lines if line.split()[-1:] != [] and "---" not in line]
        return Counter({name: int(n) for name, n in counts if n.isdigit() and name != "total"})

    def interrupt_when(self, reached: Callable[[], bool], *arguments: str) -> str:
        """Start a run, press Ctrl-C as soon as `reached` says so, and return what it printed."""
        process = self.start(*arguments)
        self._wait(process, reached)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=300)
        assert process.returncode != 0
        return output

    def kill_when(
        self, reached: Callable[[], bool], *arguments: str, jobs_survive: bool = False
    ) -> None:
        """Start a run and kill -9 all of it, or Snakemake alone, as soon as `reached` says so."""
        process = self.start(*arguments)
        self._wait(process, reached)
        if jobs_survive:
            process.kill()
            process.wait()
            process.stdout.close()
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def _wait(self, process: subprocess.Popen, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 600
        while not reached():
            assert process.poll() is None, "the run ended before it could be stopped"
            assert time.monotonic() < deadline, "the run did not get there"
            time.sleep(0.002)
