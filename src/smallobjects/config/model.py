"""What `config/config.yaml` and the files it refers to may say."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from smallobjects.config.panels import PanelSettings
from smallobjects.losses.arms import Kind
from smallobjects.parameters import Parameters

Supervision = Literal["boxes", "saliency", "language", "image", "full"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
Changes = dict[str, dict[str, Any]]


class MatrixBlock(Parameters):
    """A block of table rows: every label source with every segmentor."""

    labels: tuple[str, ...]
    """Methods of config/methods/, `full`, or `external:<name>`."""
    segmentors: tuple[str, ...]
    """Networks of config/segmentors/."""


class ExternalLabels(Parameters):
    """Pseudo-labels that somebody else made."""

    title: str
    """The name that tables print."""
    supervision: Supervision
    labels: dict[str, str]
    """For each dataset, a folder or a zip or tar archive with one `<image id>.png` per image."""


class Tables(Parameters):
    """What tables show."""

    intervals: bool = False
    """Print bootstrap intervals over images below every value and gain."""


class Figures(Parameters):
    """What figures show."""

    samples: PositiveInt = 4
    """Images of each dataset in Figure 3."""
    seed: NonNegativeInt = 0
    """Random seed of everything that is drawn at random: images, and resamples of bands."""
    panels: PanelSettings = PanelSettings()
    """Pages of predictions and of pseudo-labels."""


class Settings(Parameters):
    """The user's changes to the files beside config.yaml."""

    datasets: Changes = {}
    methods: Changes = {}
    segmentors: Changes = {}
    downloads: Changes = {}
    """Other addresses, sizes or checksums of files that are fetched."""


class ExperimentConfig(Parameters):
    """config/config.yaml: the experiment."""

    scale: str
    """A file of config/scales/."""
    results: str = "results"
    """Folder of everything that is made."""
    downloads: str = "data"
    """Folder of the archives and raw data that are fetched, shared by all scales."""
    datasets: tuple[str, ...]
    """Files of config/datasets/."""
    matrix: tuple[MatrixBlock, ...]
    losses: tuple[Kind, ...] = ("ce", "sb")
    """`ce` cross-entropy, `sw` size-weighted (L_sw), `sb` size-weighted with EWC (L_sb)."""
    seeds: tuple[NonNegativeInt, ...] = (0,)
    """Random seeds with which each segmentor is trained; tables print their mean."""
    label_seed: NonNegativeInt = 0
    """Random seed of everything that makes pseudo-labels; every training seed uses the same."""
    tables: Tables = Tables()
    keep_predictions: bool = True
    """Keep the class maps of the evaluated images; else they are deleted when they are scored."""
    ablation: MatrixBlock = MatrixBlock(labels=("full",), segmentors=("deeplabv2",))
    """The rows of the ablation table, which compares ce, sw, sb, and the further τ and λ of each
    segmentor's `ablation`. Made when it is asked for: snakemake results/tables/ablation.tex"""
    compute: dict[str, Any] = {}
    """Changes to the scale's `compute`: what one job uses."""
    figures: Figures = Figures()
    external: dict[Name, ExternalLabels] = {}
    settings: Settings = Settings()

    @field_validator("results", "downloads")
    @classmethod
    def _is_a_folder(cls, value: str) -> str:
        if not value or re.search(r"[{}\x00-\x1f\x7f]", value):
            raise ValueError("a folder's name is needed, without braces and line breaks")
        return str(Path(value))

    @field_validator("datasets", "losses", "seeds", "matrix")
    @classmethod
    def _not_empty(cls, value: tuple) -> tuple:
        if not value:
            raise ValueError("at least one is needed")
        if len(set(map(str, value))) < len(value):
            raise ValueError("one is named twice")
        return value


class Compute(Parameters):
    """What one job uses."""

    gpus: NonNegativeInt
    """GPUs of a job that trains a segmentor: with 2 or more, as many processes share each batch.
    Every other job that trains or infers takes one, or none if this is 0."""
    device: Literal["cpu", "cuda", "auto"]
    """`auto`: where `gpus` is 0, a GPU if the machine has one; else CUDA, or the job stops."""
    training_threads: PositiveInt
    image_threads: PositiveInt
    """CPU threads of a stage that works image by image (CRF, scores, conversion)."""
    loader_workers: NonNegativeInt
    """Processes that load training images."""
    shards: PositiveInt
    """Parts into which the heavy per-image stages are split."""


class Scale(Parameters):
    """config/scales/<scale>.yaml: what a scale changes, for every dataset, method and segmentor."""

    compute: Compute
    dataset: dict[str, Any] = {}
    stages: Changes = {}
    """Changes to the stages that methods share, by stage; a method without the stage is not given
    it. Beside stages it may hold `per_dataset`, as the other two."""
    training: dict[str, Any] = {}
    """Changes to every segmentor."""
    seconds: dict[str, PositiveFloat] = {}
    """What a job of each rule took where it was tried, for `smallobjects plan --local`."""
    published_values: bool = False
    """Show the counts and scores of the paper's supplement beside those found."""


class MethodFile(Parameters):
    """config/methods/<method>.yaml: a label source, its published settings and its family."""

    title: str
    """The name that tables print."""
    supervision: Supervision
    family: str
    """The chain of rules that makes its labels: a file of workflow/rules/pseudo_labels/."""
    stages: Changes = {}
    """Settings by stage, checked by `Stages` in smallobjects.pseudo_labels.<method>.parameters."""
    training: dict[str, Any] = {}
    """What this method changes in the training of a segmentor."""
    per_dataset: dict[str, dict[str, Any]] = {}
    scales: dict[str, dict[str, Any]] = {}
