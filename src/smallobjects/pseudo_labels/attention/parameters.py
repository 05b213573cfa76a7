"""Parameters of the stages that methods with accumulated attention share.

The defaults are those of NS-ROM on PASCAL VOC, read from its authors' public repository.
"""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import Threshold

ColourJitter = tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat, Threshold]


class SquareTraining(Parameters):
    """Training on whole images, squeezed to squares, neither flipped nor cropped."""

    input_size: PositiveInt = 256
    """Height and width to which every image is resized, whatever its shape."""
    colour_jitter: ColourJitter = (0.3, 0.3, 0.3, 0.1)
    """Most that brightness, contrast and saturation change (as factors 1 ± x) and hue turns."""
    batch_size: PositiveInt = 5
    epochs: PositiveInt = 15
    learning_rate: PositiveFloat = 1e-3
    """Of the backbone's weights; its biases have 2 times as much."""
    new_factor: PositiveFloat = 10.0
    """By which the learning rates of the layers that are not pretrained are larger."""
    weight_decay: NonNegativeFloat = 5e-4
    momentum: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Of Nesterov's kind."""
    schedule: Literal["steps", "one-cycle"] = "steps"
    decay_epochs: tuple[NonNegativeInt, ...] = (5, 10)
    """Epochs (from 0) before which the learning rate falls; of the schedule `steps`."""
    decay: PositiveFloat = 0.1
    """Factor by which it falls."""


class AccumulatingTraining(SquareTraining):
    """A training in which the attention maps of all images are gathered."""

    epochs: Annotated[int, Field(ge=2)] = 15
    """Maps are gathered from the second epoch on."""
    least_probability: Threshold = 0.1
    """A map counts if its class has at least this probability; in the last epoch it counts anyway
    where there is none yet."""


class FusionParameters(Parameters):
    """The rule by which attention maps and a saliency map become a label (OAA)."""

    attention_threshold: Threshold = 0.0
    """Planes below this, the background's too, count as 0. NS-ROM has 0.3."""
    conflict_threshold: Threshold = 0.9
    """Pixels at which two planes are above this are void."""
    salient_attention: Threshold = 0.8
    """Attention above this counts as salient."""
    least_saliency: Annotated[int, Field(ge=0, le=255)] = 32
    """Background at which the saliency (0..255) is at least this is void."""
    least_foreground: Threshold = 0.01
    """Share of the image below which its objects are not believed: the whole label is void."""


class ScoringParameters(Parameters):
    """How the maps alone are scored; no label depends on it."""

    evaluation_threshold: Threshold = 0.3
    """Background score against which the maps are turned into labels."""
