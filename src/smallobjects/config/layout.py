"""Where every file of the results lies: the rules, `status` and `verify` read it here.

A place has its wildcards in braces, as Snakemake's rules have them; `format` fills them in.
results/README.md says what the files are.
"""

from dataclasses import dataclass

CELL = "{dataset}/{source}/{segmentor}/{loss}/seed{seed}"
"""A trained and scored model, as part of a path."""
MODEL = "{dataset}/{source}/{segmentor}/seed{seed}"
"""What the losses of a model share, as part of a path."""
PREPARED = "dataset.json"
"""Of a prepared dataset, written last."""
MANIFEST = "manifest.json"
"""Of a label source, and of saliency maps; written last."""
SUMMARY = "summary.json"
"""Of scores."""
SHARED = "shared"
"""Name of the checkpoint in which the shared phase ends."""
LOGS, BENCHMARKS, PREDICTIONS, SCORES = "logs", "benchmarks", "predictions", "scores"


@dataclass(frozen=True)
class Layout:
    """The places of the results of one scale, relative to where Snakemake runs."""

    results: str
    """Folder of all results."""
    scale: str

    @property
    def root(self) -> str:
        """Of everything that is made at this scale."""
        return f"{self.results}/{self.scale}"

    @property
    def raw(self) -> str:
        """Synthetic raw data."""
        return f"{self.root}/raw/{{dataset}}"

    @property
    def selection(self) -> str:
        """The selection of images that a dataset is made of."""
        return f"{self.root}/selections/{{dataset}}"

    @property
    def dataset(self) -> str:
        """A prepared dataset."""
        return f"{self.root}/datasets/{{dataset}}"

    @property
    def saliency(self) -> str:
        """Saliency maps of a split."""
        return f"{self.root}/saliency/{{dataset}}/{{split}}"

    @property
    def saliency_network(self) -> str:
        """The network that predicts them, where it is trained here."""
        return f"{self.root}/saliency/{{dataset}}/network.pt"

    @property
    def source(self) -> str:
        """A label source."""
        return f"{self.root}/pseudo_labels/{{dataset}}/{{source}}"

    @property
    def segmentor(self) -> str:
        """The checkpoints of a segmentor."""
        return f"{self.root}/segmentors/{MODEL}"

    @property
    def predictions(self) -> str:
        """The predictions of a cell."""
        return f"{self.root}/{PREDICTIONS}/{CELL}"

    @property
    def scores(self) -> str:
        """The scores of a cell."""
        return f"{self.root}/{SCORES}/{CELL}"

    @property
    def logs(self) -> str:
        """What jobs print, by rule and then as what they make."""
        return f"{self.root}/{LOGS}"

    @property
    def benchmarks(self) -> str:
        """What jobs take, named as their logs."""
        return f"{self.root}/{BENCHMARKS}"

    @property
    def settings_page(self) -> str:
        """Every setting as it is run."""
        return f"{self.root}/configuration.html"

    @property
    def tables(self) -> str:
        """The tables, of whatever scale they were made last."""
        return f"{self.results}/tables"

    @property
    def figures(self) -> str:
        """Figures, plots and panels, of whatever scale they were made last."""
        return f"{self.results}/figures"
