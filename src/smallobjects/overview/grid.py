"""The matrix as a grid in the terminal."""

from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from smallobjects.config import Cell
from smallobjects.overview.states import Progress, State

_STYLES = {
    State.DONE: "green",
    State.RUNNING: "cyan",
    State.INCOMPLETE: "yellow",
    State.FAILED: "red",
    State.MISSING: "dim",
}


def grids(found: list[tuple[Cell, int, Progress]], console: Console) -> list[Table]:
    """Return tables with a row per label source and segmentor, a column per dataset and loss.

    One, or where the terminal is too narrow for it, one for each dataset.
    """
    whole = _grid(found)
    unlimited = console.options.update(width=10_000)
    if Measurement.get(console, unlimited, whole).maximum <= console.width:
        return [whole]
    datasets = dict.fromkeys(cell.dataset for cell, _, _ in found)
    return [_grid([one for one in found if one[0].dataset == dataset]) for dataset in datasets]


def _grid(found: list[tuple[Cell, int, Progress]]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD)
    # Never shortened: two rows would look the same.
    for name, index in (("Labels", "source"), ("Segmentor", "segmentor")):
        longest = max((len(getattr(cell, index)) for cell, _, _ in found), default=0)
        shown.add_column(name, no_wrap=True, min_width=longest)
    columns = list(dict.fromkeys((cell.dataset, cell.loss) for cell, _, _ in found))
    for dataset, loss in columns:
        shown.add_column(f"{escape(dataset)} {loss}", no_wrap=True)
    for row in dict.fromkeys((cell.source, cell.segmentor) for cell, _, _ in found):
        cells = [
            _seeds(
                progress
                for cell, _, progress in found
                if (cell.source, cell.segmentor, cell.dataset, cell.loss) == (*row, *column)
            )
            for column in columns
        ]
        shown.add_row(*map(escape, row), *cells)
    return shown


def details(found: list[tuple[Cell, int, Progress]]) -> list[str]:
    """Return one line for every cell that is begun and not done: where it is, or why it failed.

    Cells that wait for the same job, as those of one label source, share its line.
    """
    waiting = Counter(
        (progress, _place(cell, seed, progress))
        for cell, seed, progress in found
        if progress.state not in (State.DONE, State.MISSING)
    )
    lines = []
    for (progress, place), count in waiting.items():
        at = f" at iteration {progress.iteration} of {progress.iterations}" * bool(
            progress.iterations and progress.iteration
        )
        why = f": {progress.reason or 'its log says nothing'}\n    {progress.log}" * bool(
            progress.log
        )
        cells = f" ({count} cells)" * (count > 1)
        lines.append(f"{progress.state.value}: {progress.stage} of {place}{at}{cells}{why}")
    return lines


def totals(found: list[tuple[Cell, int, Progress]]) -> str:
    """Return how many cells, seed by seed, are in which state."""
    counts = Counter(progress.state for _, _, progress in found)
    return ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])


def _seeds(progresses: Iterable[Progress]) -> str:
    """Return the states of the seeds of a cell; "" where the matrix has no such cell."""
    counts = Counter(progress.state for progress in progresses)
    several = sum(counts.values()) > 1
    return ", ".join(
        f"[{_STYLES[state]}]{f'{counts[state]} ' * several}{state.value}[/]"
        for state in State
        if counts[state]
    )


def _place(cell: Cell, seed: int, progress: Progress) -> str:
    """Return what a stage is of: it may be shared by several cells."""
    if progress.stage in ("data", "labels"):
        return f"{cell.dataset}/{cell.source}" if progress.stage == "labels" else cell.dataset
    row = f"{cell.dataset}/{cell.source}/{cell.segmentor}"
    return (
        f"{row}/seed{seed}" if progress.stage == "shared phase" else f"{row}/{cell.loss}/seed{seed}"
    )
