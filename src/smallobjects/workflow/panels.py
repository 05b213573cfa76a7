"""What rules of panels ask: pages of predictions, and of pseudo-labels."""

import json

from smallobjects.config.layout import MANIFEST
from smallobjects.workflow.asking import Wildcards
from smallobjects.workflow.cells import CellQuestions


class PanelQuestions(CellQuestions):
    """Of pages of predictions and of pseudo-labels."""

    def predictions_on(self, wildcards: Wildcards) -> list[str]:
        """Return the predictions of every model on a dataset."""
        return [
            self.of_cell(self.places.predictions, cell) for cell in self.cells_on(wildcards.dataset)
        ]

    def instances_on(self, wildcards: Wildcards) -> list[str]:
        """Return the scores of every instance of a dataset, model by model."""
        return [
            self.of_cell(f"{self.places.scores}/instances.parquet", cell)
            for cell in self.cells_on(wildcards.dataset)
        ]

    def panel_pages(self, wildcards: Wildcards) -> str:
        """Return the pages of panels of a dataset: a model each."""
        models = [
            {
                "labels": source,
                "labels_title": self.experiment.described(source).title,
                "segmentor": segmentor,
                "segmentor_title": self.described_cell(cells[0])["segmentor_title"],
                "arms": [
                    {
                        "loss": cell.loss,
                        "predictions": self.of_cell(self.places.predictions, cell),
                        "instances": self.of_cell(f"{self.places.scores}/instances.parquet", cell),
                    }
                    for cell in cells
                ],
            }
            for (source, segmentor), cells in self.by_model(
                self.cells_on(wildcards.dataset)
            ).items()
        ]
        return json.dumps({"dataset": self.described_split(wildcards.dataset), "models": models})

    def made_sources(self, dataset: str) -> list[str]:
        """Return the label sources of a training dataset whose labels are not the ground truth."""
        sources = dict.fromkeys(cell.source for cell in self.cells_trained_on(dataset))
        return [
            source for source in sources if self.experiment.described(source).supervision != "full"
        ]

    def labelled(self) -> list[str]:
        """Return the training datasets that have pages of pseudo-labels."""
        return [dataset for dataset in self.trained if self.made_sources(dataset)]

    def manifests_of(self, wildcards: Wildcards) -> list[str]:
        """Return the manifests of the label sources that pages of pseudo-labels show."""
        return [
            f"{self.places.source}/{MANIFEST}".format(dataset=wildcards.dataset, source=source)
            for source in self.made_sources(wildcards.dataset)
        ]

    def labels_of(self, wildcards: Wildcards) -> list[str]:
        """Return the labels that pages of pseudo-labels show."""
        return [
            f"{self.places.source}/labels".format(dataset=wildcards.dataset, source=source)
            for source in self.made_sources(wildcards.dataset)
        ]

    def label_pages(self, wildcards: Wildcards) -> str:
        """Return the pages of pseudo-labels: a label source each, on images with instance masks."""
        settings = self.experiment.dataset(wildcards.dataset)
        sources = [
            {
                "labels": source,
                "labels_title": self.experiment.described(source).title,
                "folder": self.places.source.format(dataset=wildcards.dataset, source=source),
            }
            for source in self.made_sources(wildcards.dataset)
        ]
        dataset = {
            **self.described_split(wildcards.dataset),
            "split": settings.label_score,
        }
        return json.dumps({"dataset": dataset, "sources": sources})
