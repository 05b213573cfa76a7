"""How far each cell of the matrix is, read from the files of its stages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from smallobjects.config import Cell, Experiment
from smallobjects.config.layout import CELL, MANIFEST, MODEL, PREPARED, SHARED, SUMMARY
from smallobjects.workflow.snakemake_internals import incomplete_outputs, is_locked

_CHECKPOINT = re.compile(r"iter_(\d+)\.pth$")


class State(Enum):
    """How far a stage is, or a cell with all its stages."""

    DONE = "done"
    RUNNING = "running"
    """Begun by a Snakemake that has not ended; its job may still wait in a queue."""
    INCOMPLETE = "incomplete"
    """Begun, and left by a Snakemake that was killed."""
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True)
class Stage:
    """One step towards a cell."""

    name: str
    output: str
    """File that is there when it is done."""
    logs: tuple[str, ...]
    """Patterns of its logs, below the folder of logs."""
    iterations: int | None = None
    """Of a training: how many it has."""


@dataclass(frozen=True)
class Progress:
    """How far a cell is."""

    state: State
    stage: str = ""
    """The first stage that is not done."""
    iteration: int = 0
    """The newest checkpoint of a training."""
    iterations: int | None = None
    log: str = ""
    """Of a stage that failed."""
    reason: str = ""
    """The last line of that log."""


class Matrix:
    """The files of an experiment, looked at once."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        """Read what Snakemake keeps of a run under way.

        Args:
            experiment: whose cells are asked for.
            folder: where Snakemake runs.
        """
        self.experiment, self.folder = experiment, folder
        self.locked = is_locked(folder)
        self.begun = incomplete_outputs(folder)

    def progress(self, cell: Cell, seed: int) -> Progress:
        """Return how far a cell is: the state of its first stage that is not done."""
        for stage in stages(self.experiment, cell, seed):
            found = self._progress_of(stage)
            if found.state != State.DONE:
                return found
        return Progress(State.DONE)

    def _progress_of(self, stage: Stage) -> Progress:
        begun = self._begun(stage)
        if (self.folder / stage.output).exists() and stage.output not in self.begun:
            return Progress(State.DONE)
        reached = self._iteration(stage)
        if begun:
            state = State.RUNNING if self.locked else State.INCOMPLETE
            return Progress(state, stage.name, reached, stage.iterations)
        failed = self._failed(stage)
        if failed:
            log = str(failed.relative_to(self.folder))
            reason = last_line(failed)
            return Progress(State.FAILED, stage.name, reached, stage.iterations, log, reason)
        return Progress(State.MISSING, stage.name, reached, stage.iterations)

    def _begun(self, stage: Stage) -> bool:
        if stage.name == "labels":
            # Made by a chain of jobs, whose outputs are all in the folder of the label source.
            return any(Path(stage.output).parent in Path(each).parents for each in self.begun)
        return stage.output in self.begun

    def _iteration(self, stage: Stage) -> int:
        checkpoints = self.folder.glob(f"{stage.output}.work/*/iter_*.pth")
        found = (_CHECKPOINT.search(path.name) for path in checkpoints)
        return max((int(each[1]) for each in found if each), default=0)

    def _failed(self, stage: Stage) -> Path | None:
        """Return the newest log of a job that did not end well: it has no benchmark."""
        logs = self.folder / self.experiment.layout.logs
        benchmarks = self.folder / self.experiment.layout.benchmarks
        failed = []
        for log in (path for pattern in stage.logs for path in logs.glob(pattern)):
            benchmark = (benchmarks / log.relative_to(logs)).with_suffix(".tsv")
            if not benchmark.exists() or benchmark.stat().st_mtime < log.stat().st_mtime:
                failed.append(log)
        return max(failed, key=lambda path: path.stat().st_mtime, default=None)


def stages(experiment: Experiment, cell: Cell, seed: int) -> list[Stage]:
    """Return the stages of a cell, in their order."""
    places = experiment.layout
    home = experiment.trained_on(cell.dataset)
    schedule = experiment.segmentor(cell.segmentor, cell.source, cell.dataset).schedule
    evaluated = {**cell._asdict(), "seed": seed}
    trained = {**evaluated, "dataset": home}
    segmentor = places.segmentor.format(**trained)
    name = CELL.format(**evaluated)
    labels = f"{places.source.format(**trained)}/{MANIFEST}"
    data = [
        Stage(
            "data",
            f"{places.dataset.format(dataset=dataset)}/{PREPARED}",
            (f"*/{dataset}.log",),
        )
        for dataset in dict.fromkeys((home, cell.dataset))
    ]
    # One for each job of the chain, or a folder with one for each shard.
    of_labels = (f"*/{home}/{cell.source}.log", f"*/{home}/{cell.source}/*.log")
    return [
        *data,
        Stage("labels", labels, of_labels),
        Stage(
            "shared phase",
            f"{segmentor}/{SHARED}.pth",
            (f"train_shared/{MODEL.format(**trained)}.log",),
            schedule.shared_iterations,
        ),
        Stage(
            "training",
            f"{segmentor}/{cell.loss}.pth",
            (f"train_arm/{CELL.format(**trained)}.log",),
            schedule.iterations,
        ),
        # Its folder of predictions is the declared output.
        Stage("prediction", places.predictions.format(**evaluated), (f"predict/{name}.log",)),
        Stage("scores", f"{places.scores.format(**evaluated)}/{SUMMARY}", (f"score/{name}.log",)),
    ]


def last_line(log: Path) -> str:
    """Return the last line of a log that says something; "" if none does."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def progress_of_matrix(matrix: Matrix) -> Iterable[tuple[Cell, int, Progress]]:
    """Yield how far every cell is, with every seed."""
    for cell in matrix.experiment.cells:
        for seed in matrix.experiment.config.seeds:
            yield cell, seed, matrix.progress(cell, seed)
