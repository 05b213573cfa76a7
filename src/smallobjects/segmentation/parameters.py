"""Training settings of a segmentation network beside its MMSegmentation parts."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from smallobjects.dense_crf import PairwiseParameters
from smallobjects.losses.arms import Arm, parse_arm
from smallobjects.losses.parameters import EwcParameters, SizeWeightParameters
from smallobjects.parameters import Parameters
from smallobjects.segmentation.backbone_settings import check_backbone

Precision = Literal["fp32", "bf16", "fp16"]


class ScheduleParameters(Parameters):
    """Iterations of the shared CE phase and of the whole training."""

    iterations: PositiveInt
    shared_iterations: PositiveInt
    """CE iterations that every arm shares; the arms part here. As many as `iterations` are a whole
    training with CE, without any arm."""
    batch_size: PositiveInt
    checkpoint_interval: PositiveInt
    log_interval: PositiveInt

    @model_validator(mode="after")
    def _switch_not_after_end(self) -> "ScheduleParameters":
        if self.shared_iterations > self.iterations:
            raise ValueError(
                f"shared_iterations: {self.shared_iterations} must be below iterations: "
                f"{self.iterations}"
            )
        return self


class TrainingSettings(Parameters):
    """What every phase of a training reads, in MMSegmentation's own terms as far as it has them."""

    model: dict[str, Any]
    train_pipeline: list[dict[str, Any]]
    optim_wrapper: dict[str, Any]
    param_scheduler: list[dict[str, Any]]
    schedule: ScheduleParameters
    precision: Precision
    """What the network computes in: bf16 on any device, fp16 (with a loss scale) on GPUs."""
    channels_last: bool
    """Weights and maps with the channels last in memory: faster on GPUs with mixed precision."""
    compile_backbone: bool
    """Let PyTorch compile the backbone before the first step: a minute, and faster steps on GPUs.
    It needs a C++ compiler, and one process."""


class AblationParameters(Parameters):
    """The values of τ and λ that the ablation table tries beside those of the arms."""

    tau: tuple[PositiveFloat, ...]
    """τ of further `sw` arms."""
    strength: tuple[NonNegativeFloat, ...]
    """λ of further `sb` arms."""


class InferenceParameters(Parameters):
    """How a trained network is asked; whole images or windows are `test_cfg` of its model."""

    scales: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
    """Factors of the size that the test pipeline gives an image; probabilities are averaged."""
    flip: bool
    """Look at each size mirrored as well."""
    crf: PairwiseParameters | None = None
    """Refine the averaged probabilities at the image's own size; None does not."""


class PublishedScores(Parameters):
    """Published scores in percent: the value with CE, and its gain in percentage points."""

    miou: tuple[float, float]
    ia_miou: tuple[float, float]
    ia_s: tuple[float, float]


class SegmentorParameters(TrainingSettings):
    """One resolved segmentor."""

    title: str
    """The name that tables print."""
    test_pipeline: list[dict[str, Any]]
    inference: InferenceParameters
    size_weights: SizeWeightParameters
    ewc: EwcParameters
    ablation: AblationParameters
    published: dict[str, PublishedScores] = {}
    """By dataset: the scores of this network on the ground truth in the paper's supplement."""

    @field_validator("model")
    @classmethod
    def _known_backbone(cls, model: dict[str, Any]) -> dict[str, Any]:
        check_backbone(model)
        return model

    @field_validator("schedule")
    @classmethod
    def _switch_before_end(cls, schedule: ScheduleParameters) -> ScheduleParameters:
        if schedule.shared_iterations == schedule.iterations:
            raise ValueError(
                f"shared_iterations: {schedule.shared_iterations} must be below iterations: "
                f"{schedule.iterations}"
            )
        return schedule

    @property
    def arms(self) -> list[Arm]:
        """The arms of the ablation table: ce, sw, sb, and those with other τ and λ."""
        taus = [Arm("sw", tau=tau) for tau in self.ablation.tau]
        strengths = [Arm("sb", strength=strength) for strength in self.ablation.strength]
        return [Arm("ce"), Arm("sw"), *taus, Arm("sb"), *strengths]

    def whole_training(self, iterations: int) -> "TrainingParameters":
        """Return what a training of so many iterations reads that has cross-entropy alone."""
        length = {"iterations": iterations, "shared_iterations": iterations}
        parameters = self.phase("shared")
        schedule = parameters.schedule.model_copy(update=length)
        return parameters.model_copy(update={"schedule": schedule})

    def phase(self, name: str) -> "TrainingParameters":
        """Return what a phase of a training reads.

        Args:
            name: `shared`, or the name of an arm.
        """
        arm = Arm("ce") if name == "shared" else parse_arm(name)
        tau = self.size_weights.tau if arm.tau is None else arm.tau
        strength = self.ewc.strength if arm.strength is None else arm.strength
        return TrainingParameters(
            **{field: getattr(self, field) for field in TrainingSettings.model_fields},
            fisher_decay=self.ewc.fisher_decay,
            tau=tau if arm.kind in ("sw", "sb") else None,
            ewc_strength=strength if arm.kind == "sb" else None,
        )


class PredictionParameters(Parameters):
    """What a prediction reads of a segmentor."""

    model: dict[str, Any]
    test_pipeline: list[dict[str, Any]]
    inference: InferenceParameters


class TrainingParameters(TrainingSettings):
    """What one phase of a training reads; an arm's own loss settings are given to it alone."""

    fisher_decay: Annotated[float, Field(gt=0, le=1)]
    tau: float | None = None
    ewc_strength: float | None = None
