"""CLIMS: cross language image matching, which trains class activation maps by what CLIP sees.

Xie, Hou, Ye and Shen, CVPR 2022 (arXiv 2203.02668), in the improved version of the authors' public
repository: IRN's classifier is trained on by the similarity of masked images and texts, and the
rest of IRN's chain follows.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import (
    CamParameters,
    ClassifierTraining,
    EdgeParameters,
    RandomWalkParameters,
    SeedParameters,
)

Text = Annotated[str, Field(min_length=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]


class LanguageParameters(Parameters):
    """The texts with which images are compared."""

    template: Annotated[str, Field(pattern=r"^[^{}]*\{\}[^{}]*$")]
    """How a name becomes a text; `{}` stands for the name."""
    class_names: dict[str, Text]
    """Other names for classes of the dataset, where its own are no good words."""
    background: tuple[Text, ...]
    """Names of what stands beside objects and must not be active with them."""


class ScorerParameters(Parameters):
    """The network that compares images and texts; it is not trained by CLIMS."""

    network: Literal["open_clip"] | BackboneName
    """`open_clip` is CLIP with `weights`. A backbone stands in for it: a projection of its frozen
    features (of `tiny`, a few convolutions of its own) is first trained on the dataset's own
    boxes, which is more than image-level labels."""
    weights: Path | None
    """CLIP weights in OpenAI's format, from which the architecture is read; or those of the
    pretrained backbone."""
    image_size: PositiveInt
    """Side of the images that a stand-in sees; CLIP's is in its weights. So below."""
    background: tuple[Text, ...]
    """What takes the place of `language.background`: a stand-in has seen what boxes leave, and that
    is one thing. Under ten names L_CBS would count it ten times."""
    background_threshold: Cosine
    """What takes the place of `clims.background_threshold`, which belongs to CLIP's cosines."""
    steps: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat

    @property
    def is_clip(self) -> bool:
        """Whether nothing stands in for CLIP."""
        return self.network == "open_clip"

    def language(self, published: LanguageParameters) -> LanguageParameters:
        """Return the texts with which this network is asked."""
        if self.is_clip:
            return published
        return published.model_copy(update={"background": self.background})

    def training(self, published: "ClimsParameters") -> "ClimsParameters":
        """Return the settings of a training by this network."""
        if self.is_clip:
            return published
        threshold = self.background_threshold
        return published.model_copy(update={"background_threshold": threshold})

    @model_validator(mode="after")
    def _weights_fit(self) -> "ScorerParameters":
        if self.network == "tiny" and self.weights is not None:
            raise ValueError("`tiny` is trained here and reads no weights; set `weights: null`")
        if self.is_clip and self.weights is None:
            raise ValueError("`open_clip` needs `weights`, such as weights/clip_vit_b32.pt")
        return self


class ClimsParameters(ClassifierTraining):
    """Training of the class activation maps."""

    trained_from: Stage
    """First stage of the classifier that is trained on."""
    batch_norm: Statistics
    """`trained`: the statistics of the batch are used everywhere, as published."""
    object_weight: NonNegativeFloat
    """α, of L_OTM: the active region looks like its class."""
    remainder_weight: NonNegativeFloat
    """β, of L_BTM: what is left does not look like it."""
    background_weight: NonNegativeFloat
    """γ, of L_CBS: the active region does not look like things that stand beside the class."""
    area_weight: NonNegativeFloat
    """δ, of L_REG: regions are no larger than they must be."""
    background_threshold: Cosine
    """Cosine above which L_CBS counts."""


class Stages(Parameters):
    """IRN's classifier → CLIMS → CAM → seed → edges → random walk."""

    language: LanguageParameters
    scorer: ScorerParameters
    clims: ClimsParameters
    cam: CamParameters
    seed: SeedParameters
    edges: EdgeParameters
    random_walk: RandomWalkParameters

    @property
    def knows_more(self) -> str | None:
        """What the labels are made with beyond image-level labels, for tables."""
        if self.scorer.is_clip:
            return None
        return (
            "In place of CLIP, a scorer that is trained on the boxes of the training images: it "
            "knows more than image-level labels."
        )
