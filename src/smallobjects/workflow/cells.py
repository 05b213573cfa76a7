"""The trained models of the experiment, as pages and plots show them."""

from collections.abc import Sequence
from functools import cached_property

from smallobjects.config import Cell
from smallobjects.workflow.tables import TableQuestions


class CellQuestions(TableQuestions):
    """Of models, and of the cells that belong to each."""

    @property
    def seed(self) -> int:
        """Panels and learning curves show the models of the first seed."""
        return self.experiment.config.seeds[0]

    @cached_property
    def trained(self) -> list[str]:
        """The datasets that models are trained on."""
        return list(dict.fromkeys(map(self.experiment.trained_on, self.experiment.config.datasets)))

    def of_cell(self, pattern: str, cell: Cell) -> str:
        """Return the file of a cell, with the first seed."""
        return pattern.format(**cell._asdict(), seed=self.seed)

    def cells_on(self, dataset: str) -> list[Cell]:
        """Return the cells that are evaluated on a dataset."""
        return [cell for cell in self.experiment.cells if cell.dataset == dataset]

    def cells_trained_on(self, dataset: str) -> list[Cell]:
        """Return the cells of the models trained on a dataset, wherever they are evaluated."""
        trained = [
            cell._replace(dataset=dataset)
            for cell in self.experiment.cells
            if self.experiment.trained_on(cell.dataset) == dataset
        ]
        return list(dict.fromkeys(trained))

    def by_model(self, cells: Sequence[Cell]) -> dict[tuple[str, str], list[Cell]]:
        """Return the cells of each label source and segmentor, in their order."""
        models = {}
        for cell in cells:
            models.setdefault((cell.source, cell.segmentor), []).append(cell)
        return models
