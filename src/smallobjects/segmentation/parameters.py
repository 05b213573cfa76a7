"""Training settings of a segmentation network beside its MMSegmentation parts."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from smallobjects.losses.parameters import EwcParameters, SizeWeightParameters
from smallobjects.parameters import Parameters

Arm = Literal["ce", "sw", "sb"]


class ScheduleParameters(Parameters):
    """Iterations of the shared CE phase and of the whole training."""

    iterations: PositiveInt
    shared_iterations: PositiveInt
    """CE iterations that every arm shares; the arms part here."""
    batch_size: PositiveInt
    checkpoint_interval: PositiveInt = 1000
    log_interval: PositiveInt = 100

    @model_validator(mode="after")
    def _switch_before_end(self) -> "ScheduleParameters":
        if self.shared_iterations >= self.iterations:
            raise ValueError(
                f"shared_iterations: {self.shared_iterations} must be below iterations: "
                f"{self.iterations}"
            )
        return self


class SegmentorParameters(Parameters):
    """One resolved segmentor: the parts in MMSegmentation's own terms, the rest typed."""

    title: str
    """The name that tables print."""
    model: dict[str, Any]
    train_pipeline: list[dict[str, Any]]
    test_pipeline: list[dict[str, Any]]
    optim_wrapper: dict[str, Any]
    param_scheduler: list[dict[str, Any]]
    schedule: ScheduleParameters
    size_weights: SizeWeightParameters = SizeWeightParameters()
    ewc: EwcParameters = EwcParameters()


class PredictionParameters(Parameters):
    """What a prediction reads of a segmentor."""

    model: dict[str, Any]
    test_pipeline: list[dict[str, Any]]


class TrainingParameters(Parameters):
    """What one phase of a training reads; an arm's own loss settings are given to it alone."""

    model: dict[str, Any]
    train_pipeline: list[dict[str, Any]]
    optim_wrapper: dict[str, Any]
    param_scheduler: list[dict[str, Any]]
    schedule: ScheduleParameters
    fisher_decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    tau: float | None = None
    ewc_strength: float | None = None
