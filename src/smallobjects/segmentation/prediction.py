"""Class maps of the images of a split, at their native resolution."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from rich.console import Console
from rich.progress import Progress
from torch.utils.data import DataLoader

from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.loader_processes import tell_of_lost_batches
from smallobjects.parallel import ordered_map
from smallobjects.publishing import publish_directory
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.crf import refine_image
from smallobjects.segmentation.dataset import LabelledSplit
from smallobjects.segmentation.devices import select_device
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.network_settings import tuples, with_classes
from smallobjects.segmentation.parameters import PredictionParameters

logger = logging.getLogger(__name__)
ClassMap = tuple[str, np.ndarray]
"""Image id and H×W uint8."""


@dataclass(frozen=True)
class PredictionRun:
    """What to predict with what."""

    parameters: PredictionParameters
    dataset: Path
    split: str
    checkpoint: Path
    threads: int = 1
    workers: int = 0


def predict(run: PredictionRun, output: Path, device: str = "auto") -> None:
    """Publish a folder with a palette PNG <id>.png of class ids 0..C for every image of a split.

    Every pixel gets the class that is most probable: on average over the views that
    `parameters.inference` asks for, and after its CRF, at the image's native size.

    Raises:
        FileNotFoundError: the dataset or the split is missing.
        SegmentationError: the checkpoint does not fit the dataset or the model.
    """
    where = select_device(device)
    torch.set_num_threads(run.threads)
    model = load_segmentor(run).to(where)
    ids = PreparedDataset.open(run.dataset).split(run.split)
    with publish_directory(output) as folder:
        for image_id, classes in _with_progress(class_maps(run, model), len(ids)):
            write_mask(folder / f"{image_id}.png", classes)


def load_segmentor(run: PredictionRun) -> BaseSegmentor:
    """Return the model with the checkpoint's weights, on the CPU and ready for inference.

    Raises:
        SegmentationError: the checkpoint was trained for other classes or for another model.
    """
    checkpoint = load(run.checkpoint)
    dataset = PreparedDataset.open(run.dataset)
    trained, given = checkpoint["meta"]["class_names"], dataset.class_names
    if trained != given:
        raise SegmentationError(
            f"{run.checkpoint}: trained for {len(trained)} classes {trained}, but {run.dataset} "
            f"has {len(given)}: {given}; predict a dataset of the same classes"
        )
    init_default_scope("mmseg")
    model = MODELS.build(ConfigDict(with_classes(run.parameters.model, dataset.num_classes)))
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise SegmentationError(
            f"{run.checkpoint}: not the weights of this model ({first}); give the model that it "
            "was trained as"
        ) from None
    return model.eval()


def class_maps(run: PredictionRun, model: BaseSegmentor) -> Iterator[ClassMap]:
    """Yield the id and the H×W uint8 class map of every image, in the order of the split.

    A CRF works in as many processes as the run has threads, while the network goes on.
    """
    found = probabilities(run, model)
    crf = run.parameters.inference.crf
    if crf is None:
        for image_id, each in found:
            yield image_id, each.argmax(axis=0).astype(np.uint8)
        return
    refine = partial(refine_image, PreparedDataset.open(run.dataset), crf)
    # Probabilities are large: one image at a time goes to each process.
    yield from ordered_map(refine, found, run.threads, chunk_size=1)


def probabilities(run: PredictionRun, model: BaseSegmentor) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the C×H×W float32 class probabilities of every image, at its own size.

    The logits of every view (a size, mirrored or not) are brought to the image's size bilinearly;
    what is averaged are their softmax values.
    """
    pipeline = view_pipeline(run.parameters)
    dataset = LabelledSplit(str(run.dataset), run.split, pipeline=pipeline, test_mode=True)
    # One image at a time, since they differ in size.
    loader = DataLoader(
        dataset, batch_size=None, num_workers=run.workers, worker_init_fn=tell_of_lost_batches
    )
    for image_id, views in zip(dataset.ids, loader, strict=True):
        yield image_id, _mean_softmax(model, views)


def view_pipeline(parameters: PredictionParameters) -> list[dict[str, Any]]:
    """Return the test pipeline, whose last transform packs every view of an image.

    Raises:
        SegmentationError: the pipeline does not end with `PackSegInputs`.
    """
    *loading, packing = tuples(parameters.test_pipeline)
    if packing.get("type") != "PackSegInputs":
        raise SegmentationError(
            f"test_pipeline: ends with {packing.get('type')}; it must end with PackSegInputs"
        )
    inference = parameters.inference
    flips = (0.0, 1.0) if inference.flip else (0.0,)
    views = [
        [{"type": "Resize", "scale_factor": scale} for scale in inference.scales],
        [{"type": "RandomFlip", "prob": probability} for probability in flips],
        [packing],
    ]
    return [*loading, {"type": "TestTimeAug", "transforms": views}]


@torch.inference_mode()
def _mean_softmax(model: BaseSegmentor, views: dict[str, list]) -> np.ndarray:
    total: torch.Tensor | int = 0
    for image, sample in zip(views["inputs"], views["data_samples"], strict=True):
        (result,) = model.test_step({"inputs": [image], "data_samples": [sample]})
        total = total + result.seg_logits.data.softmax(dim=0)
    return (total / len(views["inputs"])).to("cpu", torch.float32).numpy()


def _with_progress(maps: Iterator[ClassMap], total: int) -> Iterator[ClassMap]:
    """Pass the maps on and report how many: a bar for people, a line each tenth for logs."""
    interactive = sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=not interactive) as progress:
        task = progress.add_task("predicting", total=total)
        for done, each in enumerate(maps, start=1):
            yield each
            progress.advance(task)
            if not interactive and done * 10 // total > (done - 1) * 10 // total:
                logger.info("predicted %d of %d images", done, total)
