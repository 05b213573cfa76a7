"""What rules of tables and figures ask: cells, their scores, and what is printed of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.config import Cell
from smallobjects.config.layout import SUMMARY
from smallobjects.workflow.asking import Asked, Questions, Wildcards


class TableQuestions(Questions):
    """Of tables and figures."""

    def summaries(self, cell: Cell) -> dict[int, str]:
        """Return the score file of each seed of a cell."""
        return {
            seed: f"{self.places.scores}/{SUMMARY}".format(
                dataset=cell.dataset,
                source=cell.source,
                segmentor=cell.segmentor,
                loss=cell.loss,
                seed=seed,
            )
            for seed in self.experiment.config.seeds
        }

    def paths_of(self, cells: Sequence[Cell]) -> Asked:
        """Return a function that gives every score file of some cells."""

        def summaries_of_cells(wildcards: Wildcards) -> list[str]:
            return [path for cell in cells for path in self.summaries(cell).values()]

        return summaries_of_cells

    def tables_of(self, cells: Sequence[Cell]) -> Asked:
        """Return a function that gives the tables of instances and areas beside scores."""

        def tables(wildcards: Wildcards) -> list[str]:
            return [
                f"{Path(path).parent}/{name}.parquet"
                for path in self.paths_of(cells)(wildcards)
                for name in ("instances", "areas")
            ]

        return tables

    def interval_tables(self, cells: Sequence[Cell]) -> Asked:
        """Return a function that gives what the intervals of a table need, if it shows any."""

        def tables(wildcards: Wildcards) -> list[str]:
            return (
                self.tables_of(cells)(wildcards) if self.experiment.config.tables.intervals else []
            )

        return tables

    def score_cells(self, cells: Sequence[Cell], published: bool = False) -> Asked:
        """Return a function that describes cells: who made the labels, which model, its scores.

        With `published`, also what is published of each.
        """

        def described(wildcards: Wildcards) -> str:
            rows = [self.described_cell(cell) for cell in cells]
            if published:
                for row, cell in zip(rows, cells, strict=True):
                    row["published"] = self.experiment.published_scores(cell)
            return json.dumps(rows)

        return described

    def described_cell(self, cell: Cell) -> dict[str, Any]:
        """Return what a table prints of a cell, and where its scores are."""
        source = self.experiment.described(cell.source)
        segmentor = self.experiment.segmentor(cell.segmentor, cell.source, cell.dataset)
        return {
            "supervision": source.supervision,
            "labels": cell.source,
            "labels_title": source.title,
            "segmentor": cell.segmentor,
            "segmentor_title": segmentor.title,
            "dataset": cell.dataset,
            "dataset_title": self.experiment.dataset(cell.dataset).title,
            "loss": cell.loss,
            "remark": self.experiment.remark(cell.source, cell.dataset),
            "scores": self.summaries(cell),
        }

    def supplement_tables(self) -> list[str]:
        """Return the supplement's Table 2, and at a scale that shows them the published values."""
        if not self.experiment.supplement_cells:
            return []
        names = ["supplement_table2"]
        if self.experiment.scale.published_values:
            names.append("supplement_table2_published")
        return [
            f"{self.places.tables}/{name}.{suffix}" for name in names for suffix in ("tex", "csv")
        ]

    def require_supplement_cells(self, wildcards: Wildcards) -> list[str]:
        """Return the scores of the supplement's Table 2, or say why it has no rows."""
        if not self.experiment.supplement_cells:
            raise WorkflowError(
                "the supplement's Table 2 has no rows: name `full` in the matrix, with a segmentor "
                "whose file has `published` scores of one of the datasets"
            )
        return self.paths_of(self.experiment.supplement_cells)(wildcards)

    def table1_cells(self, wildcards: Wildcards) -> str:
        """Return the columns of Table 1: a dataset, and the split whose instances are counted."""
        columns = []
        for name in self.experiment.config.datasets:
            published = self.experiment.published(name)
            columns.append(
                {
                    **self.described_split(name),
                    "published": published and published.model_dump(),
                }
            )
        return json.dumps(columns)

    def described_split(self, dataset: str) -> dict[str, str]:
        """Return what tables and figures of a dataset describe: its evaluated split."""
        settings = self.experiment.dataset(dataset)
        return {
            "title": settings.title,
            "path": self.places.dataset.format(dataset=dataset),
            "split": settings.evaluate,
        }

    def figure_panels(self, wildcards: Wildcards) -> str:
        """Return the panels of the figures that describe the datasets."""
        return json.dumps([self.described_split(name) for name in self.experiment.config.datasets])
