"""A real Slurm on this machine: one node with pretend GPUs, for as long as the tests run."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
NODE = "pretend"
KILL_WAIT = 20


@dataclass(frozen=True)
class GpuUse:
    """What one job held, as Slurm told the prolog and epilog of the node."""

    job: str
    gpus: tuple[str, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Node:
    """What the node claims: more than the machine has, so that jobs of the paper scale fit it."""

    gpus: int = 2
    """Each is a terminal in /dev that stands for a GPU."""
    cpus: int = 64
    memory_mb: int = 600_000


def why_not(gpus: int = 2, programs: tuple[str, ...] = PROGRAMS) -> str | None:
    """Why a Slurm with some GPUs cannot be started here; None if it can."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in programs if shutil.which(name, path=path) is None]
    if missing:
        return f"{', '.join(missing)} missing; `make slurm-for-tests` installs them"
    if not all(Path(f"/dev/tty{number}").exists() for number in range(1, gpus + 1)):
        return f"not all of /dev/tty1 to /dev/tty{gpus}, which stand for GPUs"
    return None


class Cluster:
    """munged, slurmctld and slurmd with ports and folders of their own."""

    def __init__(self, folder: Path, node: Node | None = None) -> None:
        self.folder = folder
        self.node = node or Node()
        for name in ("state", "spool", "log", "gpus", "bin"):
            (folder / name).mkdir(parents=True)
        self._daemons: dict[str, subprocess.Popen] = {}
        self._guard: subprocess.Popen | None = None
        self._cleared = 0
        self._write_configuration()

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to talk to this cluster."""
        path = f"{self.folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"
        return {**os.environ, "PATH": path, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Start all daemons and wait until the node takes jobs."""
        # It outlives this process, whatever ends it, and then ends what was started.
        self._guard = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.start_daemon("munged")
        self._wait_for((self.folder / "munge.socket").exists, "munged")
        self._start_accounting()
        self.start_daemon("slurmctld")
        self.start_daemon("slurmd")
        self.wait_until_idle()

    def stop(self) -> None:
        """End every daemon and whatever job is left, and remove the folder."""
        if "slurmctld" in self._daemons:
            self.call("scancel", "--state=RUNNING", check=False)
            self.call("scancel", "--state=PENDING", check=False)
        for name in reversed(list(self._daemons)):
            self.stop_daemon(name)
        if self._guard is not None:
            self._guard.stdin.close()
            self._guard.wait(timeout=60)

    def start_daemon(self, name: str) -> None:
        """Start a daemon, in the foreground of a session of its own."""
        with (self.folder / "log" / f"{name}.out").open("a") as output:
            self._daemons[name] = subprocess.Popen(
                [name, *self._arguments(name)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _start_accounting(self) -> None:
        """Start what keeps the accounts: nothing does."""

    def _arguments(self, name: str) -> list[str]:
        return {
            "munged": [
                "--foreground", "--force", f"--socket={self.folder}/munge.socket",
                f"--key-file={self.folder}/munge.key", f"--log-file={self.folder}/log/munged.log",
                f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge.seed",
            ],
            "slurmctld": ["-D"],
            "slurmd": ["-D", "-N", NODE],
        }[name]  # fmt: skip

    def stop_daemon(self, name: str, with_signal: int = signal.SIGTERM) -> None:
        """End a daemon; the jobs on the node go on."""
        daemon = self._daemons.pop(name)
        daemon.send_signal(with_signal)
        try:
            daemon.wait(timeout=20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def call(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}{self.logs()}"
        return done.stdout

    def jobs(self, *states: str) -> list[str]:
        """The ids of the jobs in some states; of all that are not over without any."""
        chosen = [f"--states={','.join(states)}"] if states else []
        return self.call("squeue", "--noheader", "--format=%i", *chosen).split()

    def processes_of(self, job: str) -> dict[int, list[str]]:
        """The processes of a job and their command lines."""
        return _processes(f"SLURM_JOB_ID={job}", f"SLURM_CONF={self.folder}/slurm.conf")

    def kill_processes_of(self, job: str) -> None:
        """End the processes of a job without a warning, as the end of its node does."""
        for process in self.processes_of(job):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def set_node(self, state: str) -> None:
        """Take the node out of work, or back."""
        self.call("scontrol", "update", f"NodeName={NODE}", f"State={state}", "Reason=test")

    def memory_asked(self) -> list[str]:
        """What every job since the last `clear` asked for, the oldest first."""
        listed = self.call("squeue", "--noheader", "--format=%i %m", "--states=all").splitlines()
        jobs = sorted((int(job), memory) for job, memory in map(str.split, listed))
        return [memory for job, memory in jobs if job > self._cleared]

    def wait_until_it_answers(self) -> None:
        """Wait until slurmctld, started again, takes requests."""
        self._wait_for(lambda: "UP" in self.call("scontrol", "ping", check=False), "slurmctld")

    def job_of(self, rule: str, *states: str) -> str | None:
        """The id of a job of a rule, by the comment that Snakemake's executor gives it."""
        chosen = ",".join(states or ("RUNNING",))
        lines = self.call("squeue", "--noheader", "--format=%i %k", f"--states={chosen}")
        found = [line.split() for line in lines.splitlines()]
        ids = [words[0] for words in found if words[1:] and words[1].startswith(f"rule_{rule}")]
        return ids[0] if ids else None

    def comments(self) -> dict[str, str]:
        """The comment of every job that Slurm remembers: the rule, and its wildcards."""
        lines = self.call("squeue", "--noheader", "--format=%i %k", "--states=all").splitlines()
        return dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)

    def cpus(self) -> dict[str, int]:
        """How many CPUs every job has that Slurm remembers."""
        lines = self.call("squeue", "--noheader", "--format=%i %C", "--states=all").split()
        return dict(zip(lines[::2], map(int, lines[1::2]), strict=True))

    def clear(self) -> None:
        """End every job, and put the node back to work."""
        for state in ("PENDING", "RUNNING", "SUSPENDED"):
            self.call("scancel", f"--state={state}", check=False)
        self.wait_until_idle()
        for record in (self.folder / "gpus").iterdir():
            record.unlink()
        jobs = self.call("squeue", "--noheader", "--format=%i", "--states=all").split()
        self._cleared = max(map(int, jobs), default=0)

    def wait_until_idle(self) -> None:
        """Wait until the node could take a job and runs none."""
        self._wait_for(self._idle, "the node")

    def gpu_uses(self) -> list[GpuUse]:
        """What every job held that has ended."""
        uses = []
        for start in sorted((self.folder / "gpus").glob("*.start")):
            end = start.with_suffix(".end")
            if not end.exists():
                continue
            gpus = tuple(filter(None, start.read_text().split()[0].strip("-").split(",")))
            begin, finish = (float(path.read_text().split()[1]) for path in (start, end))
            uses.append(GpuUse(start.stem, gpus, begin, finish))
        return uses

    def logs(self) -> str:
        """The end of the logs of all daemons."""
        paths = sorted((self.folder / "log").iterdir())
        return "".join(f"\n== {path}\n{path.read_text()[-3000:]}" for path in paths)

    def _idle(self) -> bool:
        state = self.call("sinfo", "--noheader", "--nodes", NODE, "--format=%T", check=False)
        return state.split()[:1] == ["idle"]

    def _wait_for(self, reached, what: str) -> None:
        # A controller that was killed asks for the end of a job only every two minutes.
        deadline = time.monotonic() + 240
        while not reached():
            assert time.monotonic() < deadline, f"{what} is not ready{self.logs()}"
            time.sleep(0.1)

    def _write_configuration(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for name in ("prolog", "epilog"):
            # Slurm calls it as root when a job starts and ends, and says which GPUs it holds.
            script = self.folder / name
            moment = {"prolog": "start", "epilog": "end"}[name]
            script.write_text(
                "#!/bin/sh\n"
                f'echo "${{SLURM_JOB_GPUS:--}} $(date +%s.%N)"'
                f' > "{self.folder}/gpus/$SLURM_JOB_ID.{moment}"\n'
            )
            script.chmod(0o755)
        # Snakemake's executor hides SLURM_CONF from the srun in a job.
        wrapped = self.folder / "bin" / "srun"
        wrapped.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n'
        )
        wrapped.chmod(0o755)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        gpus = f"NodeName={NODE} Name=gpu File=/dev/tty[1-{self.node.gpus}]\n"
        (self.folder / "gres.conf").write_text(gpus)
        (self.folder / "slurm.conf").write_text(_configuration(self.folder, self.node))


def rule_of(comment: str) -> str:
    """The rule that a job's comment names."""
    return comment.removeprefix("rule_").partition("_wildcards_")[0]


def _configuration(folder: Path, claimed: Node) -> str:
    control, node = free_ports(2)
    user = getpass.getuser()
    host = host_name()
    return f"""\
ClusterName=smallobjects
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=6
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
MpiDefault=none
Prolog={folder}/prolog
Epilog={folder}/epilog
PrologFlags=Alloc
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait={KILL_WAIT}
MinJobAge=600
SlurmdTimeout=10
SlurmctldTimeout=30
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
NodeName={NODE} NodeAddr=127.0.0.1 NodeHostname={host} CPUs={claimed.cpus} \
RealMemory={claimed.memory_mb} Gres=gpu:{claimed.gpus} State=UNKNOWN
PartitionName=main Nodes={NODE} Default=YES MaxTime=INFINITE PriorityTier=1
PartitionName=gpu Nodes={NODE} MaxTime=INFINITE PriorityTier=1
PartitionName=urgent Nodes={NODE} MaxTime=INFINITE PriorityTier=10
"""


def host_name() -> str:
    """This machine's name as Slurm wants it, without its domain."""
    return socket.gethostname().partition(".")[0]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    listeners = [socket.socket() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def end_all(folder: Path) -> None:
    """End every process that was started for a cluster: daemons, step daemons, jobs."""
    _kill(f"SLURM_CONF={folder}/slurm.conf")


def _kill(*variables: str) -> None:
    """End all processes that have these in their environment, but this one."""
    for process in _processes(*variables):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _processes(*variables: str) -> dict[int, list[str]]:
    """The processes, but this one, that have these in their environment: their command lines."""
    marks = {variable.encode() for variable in variables}
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        # It may be gone.
        with suppress(OSError):
            if marks <= set((entry / "environ").read_bytes().split(b"\0")):
                found[int(entry.name)] = (entry / "cmdline").read_text().split("\0")
    return found


if __name__ == "__main__":
    # Ends when whoever started it closes the other end, or dies.
    sys.stdin.read()
    end_all(Path(sys.argv[1]))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
