"""What rules of datasets ask: where raw data is, which splits there are, what converters read."""

import shlex
from pathlib import Path

from smallobjects.workflow.asking import Asked, Questions, Wildcards


class DatasetQuestions(Questions):
    """Of datasets."""

    def is_synthetic(self, dataset: str) -> bool:
        """Tell whether the workflow makes the raw data of a dataset itself."""
        return self.experiment.dataset(dataset).raw == "synthetic"

    def raw_inputs(self, wildcards: Wildcards) -> list[str]:
        """Return the raw data that must be made first; none where a local path is given."""
        return (
            [self.places.raw.format(dataset=wildcards.dataset)]
            if self.is_synthetic(wildcards.dataset)
            else []
        )

    def raw_folder(self, wildcards: Wildcards) -> str:
        """Return the folder of the raw data: made, fetched or given."""
        made = self.raw_inputs(wildcards)
        if made:
            return made[0]
        dataset = self.experiment.dataset(wildcards.dataset)
        return (
            f"{self.experiment.config.downloads}/{dataset.download.folder}"
            if dataset.raw == "download"
            else dataset.raw
        )

    def layout(self, wildcards: Wildcards) -> str:
        """Return the layout of a dataset's raw data."""
        return self.experiment.dataset(wildcards.dataset).layout

    def synthetic_parameters(self, wildcards: Wildcards) -> str:
        """Return the settings of a dataset's synthetic scenes."""
        return self.experiment.dataset(wildcards.dataset).synthetic.model_dump_json()

    def selection_report(self, wildcards: Wildcards) -> list[str]:
        """Return the report of the selection that a dataset is made of; none for any other."""
        selects = self.experiment.dataset(wildcards.dataset).selects_images
        return (
            [f"{self.places.selection}/report.json".format(dataset=wildcards.dataset)]
            if selects
            else []
        )

    def parameters(self, wildcards: Wildcards) -> str:
        """Return what the converter of a dataset reads."""
        return self.experiment.dataset(wildcards.dataset).model_dump_json(
            exclude={"synthetic", "published", "saliency"}, exclude_none=True
        )

    def lvis_parameters(self, wildcards: Wildcards) -> str:
        """Return the annotation files and categories of a dataset made from LVIS."""
        return self.experiment.dataset(wildcards.dataset).lvis.model_dump_json()

    def selection_parameters(self, wildcards: Wildcards) -> str:
        """Return how images are selected; the decisions file is an input."""
        return self.experiment.dataset(wildcards.dataset).selection.model_dump_json(
            exclude={"decisions"}
        )

    def two_size_limits(self, wildcards: Wildcards) -> str:
        """Return the two areas that part small, medium and large objects, as two words."""
        return " ".join(map(str, self.experiment.dataset(wildcards.dataset).size_limits))

    def decisions(self, wildcards: Wildcards) -> list[str]:
        """Return the decisions of the manual filter; none where nothing is filtered by hand.

        A file that is not there is no input: it stops the run in words, as other missing paths do.
        """
        path = self.experiment.dataset(wildcards.dataset).selection.decisions
        return [path] if path and Path(path).exists() else []

    def decisions_option(self, wildcards: Wildcards) -> str:
        """Return the option that hands the decisions over; none where there are none."""
        path = self.experiment.dataset(wildcards.dataset).selection.decisions
        return f"--decisions {shlex.quote(path)}" if path else ""

    def split(self, role: str) -> Asked:
        """Return a function that gives `split_of` for a role."""
        return lambda wildcards: self.split_of(wildcards.dataset, role)
