"""What things are called in the report, and the page of settings."""

import hashlib
from pathlib import Path

from smallobjects.workflow.asking import Wildcards
from smallobjects.workflow.cells import CellQuestions


class ReportQuestions(CellQuestions):
    """Of what the report shows."""

    def supplement_files(self, suffix: str) -> list[str]:
        """Return the files of the supplement's tables that end with `suffix`."""
        tables = (path for path in self.supplement_tables() if path.endswith(".csv"))
        return [str(Path(path).with_suffix(suffix)) for path in tables]

    def supplement_title(self, path: str) -> str:
        """Return what the report calls a table of the supplement."""
        beside = ", beside the published values" if "published" in path else ""
        return f"Supplement, Table 2: networks on the ground truth{beside}"

    def settings_checksum(self) -> str:
        """Return the checksum of the files beside config.yaml, which a page resolves."""
        files = sorted(path for path in self.experiment.folder.rglob("*.*") if path.is_file())
        content = b"".join(path.read_bytes() for path in files)
        return hashlib.sha256(content).hexdigest()

    def dataset_title(self, wildcards: Wildcards) -> str:
        """Return the title of a dataset, under which the report lists its pages."""
        return self.experiment.dataset(wildcards.dataset).title

    def model_labels(self, wildcards: Wildcards) -> dict[str, str]:
        """Return what the report calls a page of panels: its label source and segmentor.

        In one label, as all here: where a second one has two values, Snakemake's page makes a
        switch of it, and shows nothing if not every combination is there.
        """
        if wildcards.page == "all":
            return {"model": "all"}
        source, _, segmentor = wildcards.page.rpartition(".")
        settings = self.experiment.segmentor(segmentor, source, wildcards.dataset)
        return {"model": f"{self.experiment.described(source).title}, {settings.title}"}

    def plot_of(self, title: str, dataset: str) -> dict[str, str]:
        """Return what the report calls a plot of one dataset."""
        return {"plot": f"{title}: {self.experiment.dataset(dataset).title}"}

    def source_labels(self, wildcards: Wildcards) -> dict[str, str]:
        """Return what the report calls a page of pseudo-labels: its label source."""
        if wildcards.page == "all":
            return {"labels": "all"}
        if wildcards.page == "warnings":
            return {"labels": "warnings of bad labels"}
        return {"labels": self.experiment.described(wildcards.page).title}
