"""What the workflow hands over to draw plots: scores, size limits and learning curves."""

from pathlib import Path

from pydantic import field_validator

from smallobjects.metrics.checks import checked_size_limits
from smallobjects.parameters import Parameters
from smallobjects.reporting.tables.cells import ScoreCells
from smallobjects.reporting.tables.comparison import ComparedRow


class LearningCurves(Parameters):
    """The learning curves of one model."""

    dataset: str
    """The dataset that it is trained on."""
    dataset_title: str
    labels: str
    segmentor: str
    title: str
    """Printed above its curves."""
    shared: Path
    """The table of the phase that all losses share."""
    arms: dict[str, Path]
    """The table of each loss (iteration, learning_rate, loss, ewc_penalty), from the start."""


class PlotInputs(Parameters):
    """Everything that is plotted."""

    cells: ScoreCells
    size_limits: dict[str, tuple[int, int]]
    """By dataset, the two areas in pixels that part small, medium and large objects."""
    curves: tuple[LearningCurves, ...]

    @field_validator("size_limits")
    @classmethod
    def _rising(cls, value: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        return {dataset: checked_size_limits(limits) for dataset, limits in value.items()}


def row_titles(cells: ScoreCells) -> dict[tuple[str, str], str]:
    """Return what plots call each label source and segmentor.

    It is the label source's title, or the segmentor's where the source trained several.
    """
    titles = {(cell.labels, cell.segmentor): cell for cell in cells.root}
    count = [labels for labels, _ in titles]
    return {
        key: cell.segmentor_title if count.count(cell.labels) > 1 else cell.labels_title
        for key, cell in titles.items()
    }


def compared_rows(rows: list[ComparedRow], dataset: str) -> list[ComparedRow]:
    """Return the rows that have a value and a gain on a dataset."""
    return [
        row
        for row in rows
        if dataset in row.entries and row.entries[dataset]["miou"].gain is not None
    ]
