"""Parameters of the stages that methods with accumulated attention share."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.parameters import Threshold

ColourJitter = tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat, Threshold]


class SquareTraining(Parameters):
    """Training on whole images, squeezed to squares, neither flipped nor cropped."""

    input_size: PositiveInt
    """Height and width to which every image is resized, whatever its shape."""
    colour_jitter: ColourJitter
    """Most that brightness, contrast and saturation change (as factors 1 ± x) and hue turns."""
    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    """Of the backbone's weights; its biases have 2 times as much."""
    new_factor: PositiveFloat
    """By which the learning rates of the layers that are not pretrained are larger."""
    weight_decay: NonNegativeFloat
    momentum: Annotated[float, Field(gt=0, lt=1)]
    """Of Nesterov's kind."""
    schedule: Literal["steps", "one-cycle"]
    decay_epochs: tuple[NonNegativeInt, ...]
    """Epochs (from 0) before which the learning rate falls; of the schedule `steps`."""
    decay: PositiveFloat
    """Factor by which it falls."""


class AccumulatingTraining(SquareTraining):
    """A training in which the attention maps of all images are gathered."""

    epochs: Annotated[int, Field(ge=2)]
    """Maps are gathered from the second epoch on."""
    least_probability: Threshold
    """A map counts if its class has at least this probability; in the last epoch it counts anyway
    where there is none yet."""


class FusionParameters(Parameters):
    """The rule by which attention maps and a saliency map become a label (OAA)."""

    attention_threshold: Threshold
    """Planes below this, the background's too, count as 0."""
    conflict_threshold: Threshold
    """Pixels at which two planes are above this are void."""
    salient_attention: Threshold
    """Attention above this counts as salient."""
    least_saliency: Annotated[int, Field(ge=0, le=255)]
    """Background at which the saliency (0..255) is at least this is void."""
    least_foreground: Threshold
    """Share of the image below which its objects are not believed: the whole label is void."""


class ScoringParameters(Parameters):
    """How the maps alone are scored; no label depends on it."""

    evaluation_threshold: Threshold
    """Background score against which the maps are turned into labels."""
