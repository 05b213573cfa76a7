"""Where the saliency maps of a dataset's training images come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from smallobjects.backbones.table import BackboneName, Stage
from smallobjects.parameters import Parameters

Triple = tuple[float, float, float]


class SaliencyNetwork(Parameters):
    """How a saliency network reads an image, and how its output becomes a map.

    The defaults are those of U²-Net (Qin et al., 2020), as public ONNX files of it expect them.
    """

    input_size: PositiveInt | None = 320
    """Images are resized to this height and width; `null` leaves them as they are."""
    mean: Triple = (0.485, 0.456, 0.406)
    """Subtracted from RGB in 0..1; ImageNet's."""
    deviation: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (0.229, 0.224, 0.225)
    """By which that is divided."""
    activation: Literal["none", "sigmoid"] = "none"
    """`sigmoid` for a network whose output is not yet in 0..1."""
    stretch: bool = True
    """Stretch each map so that it reaches from 0 to 255."""


class SaliencyTraining(Parameters):
    """A small network, trained to part objects from background on synthetic scenes of its own."""

    scenes: PositiveInt = 100
    image_size: PositiveInt = 96
    """Height and width of a scene, in pixels."""
    appearances: PositiveInt = 9
    """Looks that the objects have. The demo's datasets have six, so these are mostly others."""
    seed: NonNegativeInt = 7919
    """Of the scenes; it must not be the one that a synthetic dataset is drawn with."""
    steps: PositiveInt = 60
    batch_size: PositiveInt = 8
    learning_rate: PositiveFloat = 0.01


class SaliencyMaskTraining(Parameters):
    """A network on a pretrained backbone, trained on the masks of other images, without classes."""

    split: Annotated[str, Field(min_length=1)]
    """The images that are trained on; no other role of the dataset may have one of them."""
    network: BackboneName = "efficientnet_lite0"
    weights: Path | None = None
    """Pretrained backbone; `null` trains from random values."""
    trained_from: Stage | None = "layer3"
    """First stage of the backbone whose weights are trained; `null`: none is."""
    batch_norm: Literal["frozen", "trained"] = "frozen"
    """What batch normalisation reads in stages that are trained: running statistics, or those of
    the batch, which a network without pretrained weights needs."""
    crop_size: PositiveInt = 256
    """Height and width of a training crop, in pixels."""
    steps: PositiveInt = 150
    batch_size: PositiveInt = 8
    learning_rate: PositiveFloat = 0.002
    """Of what is new; the highest of its schedule."""
    backbone_learning_rate: PositiveFloat = 0.0002
    """Of the stages of the backbone that are trained."""


def _kind_of_training(value: Any) -> str:
    """Return the tag of a training: on masks, if it names a split, else on scenes."""
    of = value.get("split") if isinstance(value, Mapping) else getattr(value, "split", None)
    return "(scenes)" if of is None else "(masks)"


AnyTraining = Annotated[
    Annotated[SaliencyTraining, Tag("(scenes)")] | Annotated[SaliencyMaskTraining, Tag("(masks)")],
    Discriminator(_kind_of_training),
]


class SaliencyParameters(Parameters):
    """Where saliency maps come from, for the methods whose supervision is `saliency`."""

    source: Literal["precomputed", "model", "trained"]
    """`precomputed`: maps that are there. `model`: predict them with a network that is there.
    `trained`: train a network first, and predict them with it: a small one on other synthetic
    scenes or, where `training` names a split, one with a pretrained backbone on the masks of that
    split, without their classes."""
    path: Annotated[str, Field(min_length=1)] | None = None
    """`precomputed`: a folder with one 8-bit grey `<image id>.png` of the image's size for each
    training image. `model`: a file in TorchScript (.pt) or ONNX (.onnx)."""
    network: SaliencyNetwork = SaliencyNetwork()
    training: AnyTraining = SaliencyTraining()

    @property
    def mask_training(self) -> SaliencyMaskTraining | None:
        """The training on masks, if that is where the maps come from."""
        on_masks = isinstance(self.training, SaliencyMaskTraining)
        return self.training if self.source == "trained" and on_masks else None

    @property
    def knows_more(self) -> str | None:
        """What labels made with these maps are told of in tables, if they know more than usual."""
        if self.mask_training is None:
            return None
        return (
            "Saliency by a stand-in detector, trained on the masks (without classes) of other "
            "images of the dataset."
        )

    @model_validator(mode="after")
    def _path_fits(self) -> "SaliencyParameters":
        if self.source == "trained" and self.path is not None:
            raise ValueError("`trained` makes its network and reads no path; set `path: null`")
        if self.source != "trained" and self.path is None:
            raise ValueError(f"`{self.source}` needs a `path`")
        return self
