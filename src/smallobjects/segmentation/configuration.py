"""Training parameters and data, turned into a configuration of MMEngine's Runner."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mmengine.config import Config

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.parameters import Arm, TrainingParameters

Phase = Literal["shared"] | Arm
LOSS = "SizeWeightedCrossEntropy"


@dataclass(frozen=True)
class TrainingRun:
    """One phase of a training: the shared cross-entropy phase, or an arm continued from it."""

    parameters: TrainingParameters
    phase: Phase
    dataset: Path
    """Prepared dataset."""
    labels: Path
    """Folder of <id>.png."""
    split: str
    seed: int
    threads: int = 1
    workers: int = 0
    """Processes that load images; 0 loads them in the training process. Changes no result."""
    shared: Path | None = None
    """Checkpoint that an arm continues from."""

    @property
    def last_iteration(self) -> int:
        """The iteration after which the phase ends."""
        schedule = self.parameters.schedule
        return schedule.shared_iterations if self.phase == "shared" else schedule.iterations


def runner_config(
    run: TrainingRun, num_classes: int, work_dir: Path, resume_from: Path | None
) -> Config:
    """Return the configuration of MMEngine's Runner for one phase.

    Args:
        run: the phase.
        num_classes: number of classes, background included.
        work_dir: folder of the Runner's checkpoints.
        resume_from: checkpoint to go on from; None starts from the initial weights.

    Raises:
        SegmentationError: the parameters do not fit the phase or each other.
    """
    check_run(run)
    parameters, schedule = run.parameters, run.parameters.schedule
    dataset = {
        "type": "LabelledSplit",
        "root": str(run.dataset),
        "split": run.split,
        "labels": str(run.labels),
        "seed": run.seed,
        "pipeline": tuples(parameters.train_pipeline),
    }
    loader = {
        "batch_size": schedule.batch_size,
        "num_workers": run.workers,
        "pin_memory": False,
        "sampler": {"type": "PositionSampler", "seed": run.seed},
        "dataset": dataset,
    }
    # None takes one of MMEngine's default hooks out.
    unused = dict.fromkeys(("timer", "sampler_seed", "logger"))
    checkpoint = {"type": "AtomicCheckpointHook", "interval": schedule.checkpoint_interval}
    return Config(
        {
            "default_scope": "mmseg",
            "custom_imports": {"imports": ["smallobjects.segmentation.modules"]},
            "model": trained_model(parameters, num_classes, from_scratch=run.shared is None),
            "train_dataloader": loader,
            "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": run.last_iteration},
            "optim_wrapper": tuples(parameters.optim_wrapper),
            "param_scheduler": fill_schedule(parameters.param_scheduler, schedule.iterations),
            "default_hooks": {**unused, "checkpoint": checkpoint},
            "custom_hooks": _hooks(run),
            "randomness": {"seed": run.seed},
            "env_cfg": {"mp_cfg": {"mp_start_method": "fork", "opencv_num_threads": 0}},
            # Its warnings repeat every frozen parameter; its errors are exceptions as well.
            "log_level": "ERROR",
            "work_dir": str(work_dir),
            "load_from": None if resume_from is None else str(resume_from),
            "resume": resume_from is not None,
        }
    )


def _hooks(run: TrainingRun) -> list[dict[str, Any]]:
    log_interval = run.parameters.schedule.log_interval
    hooks = [
        {"type": "RandomStateHook"},
        {"type": "LearningCurveHook", "log_interval": log_interval},
    ]
    if run.phase == "shared":
        hooks.append({"type": "FisherHook", "decay": run.parameters.fisher_decay})
    if run.parameters.ewc_strength is not None:
        strength = run.parameters.ewc_strength
        hook = {"type": "EwcHook", "strength": strength, "shared": str(run.shared)}
        hooks.append({**hook, "log_interval": log_interval})
    return hooks


def check_run(run: TrainingRun) -> None:
    """Refuse a phase whose parts contradict each other.

    Raises:
        SegmentationError: says which value, and what is needed.
    """
    if run.seed < 0:
        raise SegmentationError(f"seed {run.seed}: must not be negative")
    if run.phase == "shared" and run.shared is not None:
        raise SegmentationError(
            f"{run.shared}: the shared phase starts from the initial weights, not this"
        )
    if run.phase != "shared" and run.shared is None:
        raise SegmentationError(
            f"arm {run.phase}: needs the checkpoint of the shared phase (--shared shared.pth); "
            "make it with `smallobjects train-segmentor --arm shared`"
        )
    needed = {"sw": {"tau"}, "sb": {"tau", "ewc_strength"}}.get(run.phase, set())
    for name in ("tau", "ewc_strength"):
        value = getattr(run.parameters, name)
        if (value is not None) != (name in needed):
            rule = "must be given" if name in needed else "must be left out"
            raise SegmentationError(f"parameters: {name} = {value} for arm {run.phase}: it {rule}")
    accumulated = run.parameters.optim_wrapper.get("accumulative_counts", 1)
    if run.parameters.schedule.shared_iterations % accumulated:
        raise SegmentationError(
            f"schedule.shared_iterations = {run.parameters.schedule.shared_iterations}: must be a "
            f"multiple of accumulative_counts = {accumulated}, or the arms part within a step"
        )


def trained_model(
    parameters: TrainingParameters, num_classes: int, from_scratch: bool
) -> dict[str, Any]:
    """Return the model with its number of classes and the loss of the phase.

    Args:
        parameters: their `tau` goes to every SizeWeightedCrossEntropy in the model.
        num_classes: number of classes, background included.
        from_scratch: False leaves out pretrained weights, which a checkpoint replaces anyway.

    Raises:
        SegmentationError: the model has no such loss, so its arms would not differ.
    """
    model = with_classes(parameters.model, num_classes)
    losses = [part for part in _parts(model) if part.get("type") == LOSS]
    if not losses:
        raise SegmentationError(
            f"model: no loss of type {LOSS}, so the arms would not differ; give it to decode_head "
            "as loss_decode"
        )
    for loss in losses:
        loss["tau"] = parameters.tau
    if not from_scratch:
        for part in _parts(model):
            if (part.get("init_cfg") or {}).get("type") == "Pretrained":
                part["init_cfg"] = None
    return model


def with_classes(model: dict[str, Any], num_classes: int) -> dict[str, Any]:
    """Return a copy of a model whose heads have `num_classes`, with tuples for lists of numbers."""
    model = tuples(model)
    heads = [model["decode_head"], model.get("auxiliary_head")]
    for head in heads:
        for each in head if isinstance(head, list) else [head] if head else []:
            each["num_classes"] = num_classes
    return model


def fill_schedule(schedulers: list[dict[str, Any]], iterations: int) -> list[dict[str, Any]]:
    """Return learning-rate schedulers that count iterations and reach their end after the last one.

    A scheduler that says where it begins or ends keeps that. MMEngine's schedulers have their last
    value one iteration before `end`, so a polynomial that ends with the training would waste the
    last iteration on a learning rate of 0.
    """
    given = {"by_epoch": False, "end": iterations + 1}
    return [{**given, **scheduler} for scheduler in tuples(schedulers)]


def tuples(value: Any) -> Any:
    """Return nested settings, copied, with tuples for lists of numbers.

    JSON has no tuples, but MMCV tells a size (tuple) from a list of choices.
    """
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        numbers = value and all(isinstance(item, int | float) for item in value)
        return tuple(value) if numbers else [tuples(item) for item in value]
    return value


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _parts(item)
