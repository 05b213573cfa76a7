"""Training parameters and data, turned into a configuration of MMEngine's Runner."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.config import Config
from mmengine.device import get_device

from smallobjects.losses.arms import Kind
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.logit_sizes import logit_sizes
from smallobjects.segmentation.network_settings import trained_model, tuples
from smallobjects.segmentation.parameters import TrainingParameters
from smallobjects.segmentation.precision import with_precision

Phase = Literal["shared"] | Kind


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
    processes: int = 1
    """Processes that train together, each with a GPU of its own if there are any. They share
    batches, threads and workers; results are the same up to the order of sums."""
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
    model = trained_model(parameters, num_classes, from_scratch=run.shared is None)
    wrapper = tuples(parameters.optim_wrapper)
    # None takes one of MMEngine's default hooks out.
    unused = dict.fromkeys(("timer", "sampler_seed", "logger"))
    checkpoint = {"type": "AtomicCheckpointHook", "interval": schedule.checkpoint_interval}
    board = {"type": "TensorboardVisBackend", "save_dir": str(work_dir / "tensorboard")}
    return Config(
        {
            "default_scope": "mmseg",
            "custom_imports": {"imports": ["smallobjects.segmentation.modules"]},
            "model": model,
            "channels_last": parameters.channels_last,
            "compile_backbone": parameters.compile_backbone,
            "launcher": "none" if run.processes == 1 else "pytorch",
            "model_wrapper_cfg": {
                "type": "MMDistributedDataParallel",
                "broadcast_buffers": False,
                # The network is where it belongs already.
                "device_ids": None,
            },
            "train_dataloader": _loader(run, model),
            "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": run.last_iteration},
            "optim_wrapper": with_precision(
                wrapper, parameters.precision, torch.device(get_device())
            ),
            "param_scheduler": fill_schedule(parameters.param_scheduler, schedule.iterations),
            "default_hooks": {**unused, "checkpoint": checkpoint},
            "custom_hooks": _hooks(run),
            "visualizer": {"type": "ScalarVisualizer", "vis_backends": [board]},
            "randomness": {"seed": run.seed},
            "env_cfg": {"mp_cfg": {"mp_start_method": "fork", "opencv_num_threads": 0}},
            # Its warnings repeat every frozen parameter; its errors are exceptions as well.
            "log_level": "ERROR",
            "work_dir": str(work_dir),
            "load_from": None if resume_from is None else str(resume_from),
            "resume": resume_from is not None,
        }
    )


def _loader(run: TrainingRun, model: dict[str, Any]) -> dict[str, Any]:
    """Return the data loader of one process: the part of the batches that it trains on."""
    pipeline = tuples(run.parameters.train_pipeline)
    if run.parameters.tau is not None:
        pipeline.append(_size_weights(run.parameters.tau, model))
    batch_size = run.parameters.schedule.batch_size // run.processes
    return {
        "batch_size": batch_size,
        "num_workers": -(-run.workers // run.processes),
        # Only of use where batches go to a GPU.
        "pin_memory": get_device() != "cpu",
        "worker_init_fn": {"type": "prepare_loader"},
        "sampler": {"type": "PositionSampler", "seed": run.seed, "batch_size": batch_size},
        "dataset": {
            "type": "LabelledSplit",
            "root": str(run.dataset),
            "split": run.split,
            "labels": str(run.labels),
            "seed": run.seed,
            "pipeline": pipeline,
        },
    }


def _size_weights(tau: float, model: dict[str, Any]) -> dict[str, Any]:
    """Return the transform that finds size weights at the resolutions of the model's logits."""
    size = (model.get("data_preprocessor") or {}).get("size")
    if size is None:
        raise SegmentationError(
            "model.data_preprocessor: has no size (height, width) to which crops are padded, so "
            "the resolution of the logits is unknown; set it to the crop size"
        )
    sizes = logit_sizes(model, size)
    return {"type": "AddSizeWeights", "tau": tau, "sizes": sizes, "padded_size": size}


def _hooks(run: TrainingRun) -> list[dict[str, Any]]:
    parameters, schedule = run.parameters, run.parameters.schedule
    hooks: list[dict[str, Any]] = [
        {"type": "RandomStateHook"},
        {"type": "LearningCurveHook", "log_interval": schedule.log_interval},
    ]
    if parameters.tau is not None:
        hooks.append({"type": "SizeWeightHook"})
    if run.phase == "shared" or parameters.ewc_strength is not None:
        hooks.append(
            {
                "type": "EwcHook",
                # In the shared phase it only tracks F.
                "strength": parameters.ewc_strength or 0.0,
                "start": schedule.shared_iterations,
                "fisher_decay": parameters.fisher_decay,
                "log_interval": schedule.log_interval,
            }
        )
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
    schedule = run.parameters.schedule
    if run.phase != "shared" and schedule.shared_iterations >= schedule.iterations:
        raise SegmentationError(
            f"arm {run.phase}: nothing is left to train after schedule.shared_iterations = "
            f"{schedule.shared_iterations}; raise schedule.iterations = {schedule.iterations}"
        )
    needed = {"sw": {"tau"}, "sb": {"tau", "ewc_strength"}}.get(run.phase, set())
    for name in ("tau", "ewc_strength"):
        value = getattr(run.parameters, name)
        if (value is not None) != (name in needed):
            rule = "must be given" if name in needed else "must be left out"
            raise SegmentationError(f"parameters: {name} = {value} for arm {run.phase}: it {rule}")
    if run.parameters.compile_backbone and run.processes > 1:
        raise SegmentationError(
            f"compile_backbone: {run.processes} processes share the statistics of BatchNorm, with "
            "which a compiled backbone trains differently; use one process, or leave it False"
        )
    if run.parameters.schedule.batch_size % run.processes:
        raise SegmentationError(
            f"schedule.batch_size = {run.parameters.schedule.batch_size}: {run.processes} "
            "processes share each batch equally; take a multiple of it, or other GPUs"
        )
    accumulated = run.parameters.optim_wrapper.get("accumulative_counts", 1)
    if run.parameters.schedule.shared_iterations % accumulated:
        raise SegmentationError(
            f"schedule.shared_iterations = {run.parameters.schedule.shared_iterations}: must be a "
            f"multiple of accumulative_counts = {accumulated}, or the arms part within a step"
        )


def fill_schedule(schedulers: list[dict[str, Any]], iterations: int) -> list[dict[str, Any]]:
    """Return learning-rate schedulers that count iterations and reach their end after the last one.

    A scheduler that says where it begins or ends keeps that. MMEngine's schedulers have their last
    value one iteration before `end`, so a polynomial that ends with the training would waste the
    last iteration on a learning rate of 0.
    """
    given = {"by_epoch": False, "end": iterations + 1}
    return [{**given, **scheduler} for scheduler in tuples(schedulers)]
