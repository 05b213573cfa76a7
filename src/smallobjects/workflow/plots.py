"""What the rule of plots asks."""

import json
from functools import cached_property
from typing import Any

from smallobjects.config.layout import SHARED
from smallobjects.workflow.asking import Wildcards
from smallobjects.workflow.cells import CellQuestions


class PlotQuestions(CellQuestions):
    """Of plots."""

    @cached_property
    def plots(self) -> list[str]:
        """The plots, by the stem of their files."""
        return [
            "gains",
            "miou_ia_s",
            *(f"size_curves.{dataset}" for dataset in self.experiment.config.datasets),
            *(f"learning_curves.{dataset}" for dataset in self.trained),
        ]

    def trained_models(self, wildcards: Wildcards) -> list[str]:
        """Return the checkpoints beside which learning curves stand."""
        return [
            f"{self.places.segmentor}/{name}.pth".format(
                dataset=dataset, source=source, segmentor=segmentor, seed=self.seed
            )
            for dataset in self.trained
            for (source, segmentor), cells in self.by_model(self.cells_trained_on(dataset)).items()
            for name in (SHARED, *(cell.loss for cell in cells))
        ]

    def learning_curves(self, dataset: str) -> list[dict[str, Any]]:
        """Return the learning curves of the models of a dataset."""
        curves = []
        for (source, segmentor), cells in self.by_model(self.cells_trained_on(dataset)).items():
            folder = self.places.segmentor.format(
                dataset=dataset, source=source, segmentor=segmentor, seed=self.seed
            )
            described = self.described_cell(cells[0])
            several = (
                sum(name == source for name, _ in self.by_model(self.cells_trained_on(dataset))) > 1
            )
            curves.append(
                {
                    "dataset": dataset,
                    "dataset_title": described["dataset_title"],
                    "labels": source,
                    "segmentor": segmentor,
                    "title": described["segmentor_title" if several else "labels_title"],
                    "shared": f"{folder}/{SHARED}.log.csv",
                    "arms": {cell.loss: f"{folder}/{cell.loss}.log.csv" for cell in cells},
                }
            )
        return curves

    def plot_inputs(self, wildcards: Wildcards) -> str:
        """Return everything that is plotted."""
        datasets = dict.fromkeys(cell.dataset for cell in self.experiment.cells)
        return json.dumps(
            {
                "cells": [self.described_cell(cell) for cell in self.experiment.cells],
                "size_limits": {
                    name: list(self.experiment.dataset(name).size_limits) for name in datasets
                },
                "curves": [curve for name in self.trained for curve in self.learning_curves(name)],
            }
        )
