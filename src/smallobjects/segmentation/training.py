"""One phase of a training, from its parameters to a published checkpoint."""

import contextlib
import logging
import shutil
import uuid
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.publishing import publish_directory, publish_file
from smallobjects.publishing.one_writer import only_writer
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.checkpointing import (
    NO_MESSAGES,
    checkpoints,
    iteration_of,
    load,
    save,
)
from smallobjects.segmentation.configuration import TrainingRun, check_run, runner_config
from smallobjects.segmentation.dataset import check_labels
from smallobjects.segmentation.devices import select_device
from smallobjects.segmentation.distributed import in_processes
from smallobjects.segmentation.identity import check_continues, identity, key
from smallobjects.segmentation.learning_curve import KEY as CURVE
from smallobjects.segmentation.learning_curve import write_curve, write_tensorboard
from smallobjects.segmentation.pretrained import check_pretrained
from smallobjects.segmentation.progress import training_progress
from smallobjects.segmentation.runner import SegmentorRunner
from smallobjects.termination import deferred_termination

logger = logging.getLogger(__name__)
_STATE = ("optimizer", "param_schedulers", "fisher", "random_state")


def train(run: TrainingRun, work_dir: Path, output: Path, device: str = "auto") -> None:
    """Train one phase and publish its last checkpoint.

    The scratch folder, `work_dir`/<hash of everything that the weights depend on>, holds the
    checkpoints on the way. A training that was stopped goes on from the last of them and ends with
    the same weights, bit for bit on a CPU with the same number of threads; a training with other
    settings never sees them. Beside the output stand `<stem>.config.py`, the whole resolved
    configuration, and `<stem>.log.csv` and `<stem>.tensorboard/`, the learning curve; while it is
    trained, TensorBoard finds it in the scratch folder.

    Args:
        run: the phase.
        work_dir: scratch; removed at the end if nothing else is in it.
        output: the checkpoint to publish. After the shared phase it holds all that an arm needs to
            go on: weights, optimizer, schedule, Fisher information and random state; after an arm
            the weights. `meta` holds the identity of the training and the class names.
        device: `cpu`, `cuda` or `auto`.

    Raises:
        FileNotFoundError: the dataset, the split, a label or the pretrained weights are missing.
        SegmentationError: the parameters do not fit, or `run.shared` is not theirs.
        BeingWrittenError: another training works in `work_dir`.
        TerminatedError: SIGTERM came; a checkpoint of the iteration that was under way is saved.
    """
    check_run(run)
    select_device(device)
    dataset = PreparedDataset.open(run.dataset)
    check_labels(dataset.split(run.split), run.labels)
    description = identity(run)
    if run.shared is not None:
        check_continues(run, description)
    work_dir.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(work_dir):
        _train_and_publish(run, work_dir / key(description), description, output, device)
    # Somebody else's scratch may be beside this one.
    with contextlib.suppress(OSError):
        work_dir.rmdir()


def _train_and_publish(
    run: TrainingRun, scratch: Path, description: dict[str, Any], output: Path, device: str
) -> None:
    """Go on from what is in the scratch folder, publish the end, and remove the folder."""
    where = select_device(device)
    dataset = PreparedDataset.open(run.dataset)
    start = (checkpoints(scratch) or [run.shared])[-1]
    config = runner_config(run, dataset.num_classes, scratch, start)
    check_pretrained(config.model.backbone)
    if start is None or start == run.shared or iteration_of(start) < run.last_iteration:
        origin = f"from {start}" if start else "from the initial weights"
        logger.info("%s: training to iteration %d, %s", run.phase, run.last_iteration, origin)
        with deferred_termination(pass_on=run.processes > 1):
            in_processes(run.processes, where, _train, run, config.to_dict(), device)
    last = load(checkpoints(scratch)[-1])
    _publish(run, last, description, dataset.class_names, config, output)
    shutil.rmtree(scratch)


def _train(run: TrainingRun, config: dict[str, Any], device: str) -> None:
    """Train in this process, which may be one of several."""
    select_device(device)
    torch.set_num_threads(max(1, run.threads // run.processes))
    # MMEngine keeps loggers by name and would name two trainings of one second alike.
    runner = SegmentorRunner.from_cfg(Config({**config, "experiment_name": uuid.uuid4().hex}))
    with training_progress(run.phase, runner), deferred_termination():
        runner.train()


def _publish(
    run: TrainingRun,
    last: dict[str, Any],
    description: dict[str, Any],
    class_names: list[str],
    config: Config,
    output: Path,
) -> None:
    """Write configuration, learning curve and, last, the checkpoint."""
    meta = {
        "iter": last["meta"]["iter"],
        "epoch": 0,
        "seed": run.seed,
        "identity": description,
        "class_names": class_names,
    }
    content = {"meta": meta, "state_dict": dict(last["state_dict"]), CURVE: last[CURVE]}
    if run.phase == "shared":
        content |= {name: last[name] for name in _STATE} | {"message_hub": NO_MESSAGES}
    for machinery in ("work_dir", "load_from", "resume", "visualizer"):
        config.pop(machinery)
    with publish_file(output.with_suffix(".config.py")) as partial:
        partial.write_text(config.pretty_text)
    with publish_file(output.with_suffix(".log.csv")) as partial:
        write_curve(last[CURVE]["rows"], partial)
    with publish_directory(output.with_suffix(".tensorboard")) as folder:
        write_tensorboard(last[CURVE]["rows"], folder)
    save(content, output)
