"""Class maps of the images of a split, at their native resolution."""

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from rich.console import Console
from rich.progress import Progress
from torch.utils.data import DataLoader

from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.parallel import ordered_map
from smallobjects.publishing import publish_directory
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.dataset import LabelledSplit
from smallobjects.segmentation.devices import select_device
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.network_settings import tuples, with_classes
from smallobjects.segmentation.parameters import PredictionParameters

logger = logging.getLogger(__name__)
ClassMap = tuple[str, np.ndarray]
"""Image id and H×W uint8."""
Refine = Callable[[tuple[str, np.ndarray]], ClassMap]
"""Makes a class map from an image id and C×H×W float32 probabilities; other processes run it."""


@dataclass(frozen=True)
class PredictionRun:
    """What to predict with what."""

    parameters: PredictionParameters
    dataset: Path
    split: str
    checkpoint: Path
    threads: int = 1
    workers: int = 0


def predict(
    run: PredictionRun,
    output: Path,
    device: str = "auto",
    refine: Refine | None = None,
    processes: int = 1,
) -> None:
    """Publish a folder with a palette PNG <id>.png of class ids 0..C for every image of a split.

    The network sees the whole image; its logits are resized bilinearly to the image's native size
    before the class with the highest one is taken.

    Args:
        run: what to predict with what.
        output: the folder to make or replace.
        device: where to compute.
        refine: makes class maps from the probabilities instead; picklable.
        processes: that refine images, beside this one. They do not change the result.

    Raises:
        FileNotFoundError: the dataset or the split is missing.
        SegmentationError: the checkpoint does not fit the dataset or the model.
    """
    where = select_device(device)
    torch.set_num_threads(run.threads)
    model = load_segmentor(run).to(where)
    ids = PreparedDataset.open(run.dataset).split(run.split)
    if refine is None:
        maps = class_maps(run, model)
    else:
        maps = ordered_map(refine, class_probabilities(run, model), processes, chunk_size=1)
    with publish_directory(output) as folder:
        for image_id, classes in _with_progress(maps, len(ids)):
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
    """Yield the id and the H×W uint8 class map of every image, in the order of the split."""
    for image_id, result in _results(run, model):
        yield image_id, result.pred_sem_seg.data[0].to("cpu", torch.uint8).numpy()


def class_probabilities(
    run: PredictionRun, model: BaseSegmentor
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the C×H×W float32 probabilities of every image, in the order of the split.

    They are the softmax of the logits at native size; class 0 is the background.
    """
    for image_id, result in _results(run, model):
        yield image_id, result.seg_logits.data.float().softmax(dim=0).cpu().numpy()


@torch.inference_mode()
def _results(run: PredictionRun, model: BaseSegmentor) -> Iterator[tuple[str, SegDataSample]]:
    dataset = LabelledSplit(
        root=str(run.dataset),
        split=run.split,
        pipeline=tuples(run.parameters.test_pipeline),
        test_mode=True,
    )
    # One image at a time, since they differ in size.
    loader = DataLoader(dataset, num_workers=run.workers, collate_fn=pseudo_collate)
    for image_id, batch in zip(dataset.ids, loader, strict=True):
        (result,) = model.test_step(batch)
        yield image_id, result


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
