"""Trainings in processes of their own, which tests may kill or starve."""

import os
import re
import signal
import subprocess
import sys
from collections import deque
from threading import Thread


def command(run, work_dir, output, processes=1):
    """The command line of a run on the CPU."""
    arguments = [
        sys.executable, "-c", "from smallobjects.cli import main; main()", "train-segmentor",
        "--dataset", run.dataset, "--labels", run.labels, "--split", run.split,
        "--parameters", run.parameters.model_dump_json(), "--arm", run.phase,
        "--seed", run.seed, "--threads", run.threads, "--workers", run.workers,
        "--device", "cpu", "--processes", processes,
        "--work-dir", work_dir, "--output", output,
        *(["--shared", run.shared] if run.shared else []),
    ]  # fmt: skip
    return list(map(str, arguments))


class Training:
    """A training under way, whose log is read line by line."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(
            arguments, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.start = None
        """The iteration that it goes on from."""
        self.iteration = 0
        """The last one that it reported."""
        self.log = deque(maxlen=50)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"iter_(\d+)\.pth$", line.strip()):
                self.start = int(found[1])
            if found := re.match(r"iteration (\d+) of", line):
                self.iteration = int(found[1])

    def kill(self):
        """End it with SIGKILL, and read what it had logged."""
        self.process.kill()
        self.finish()

    def terminate(self, by=signal.SIGTERM):
        """Send a signal to all its processes, as a cluster does that ends a job, or a terminal."""
        os.killpg(self.process.pid, by)
        return self.finish()

    def finish(self):
        """Wait for its end; returns its exit status."""
        status = self.process.wait(timeout=300)
        self._reader.join()
        self.process.stderr.close()
        return status
