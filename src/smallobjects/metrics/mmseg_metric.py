"""The metric in MMSegmentation: `InstanceIoUMetric`, for any configuration's val and test loop.

custom_imports = dict(imports=["smallobjects.metrics.mmseg_metric"])
val_evaluator = dict(type="InstanceIoUMetric", instance_dir="data/VOC2012/SegmentationObject")
test_evaluator = val_evaluator
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smallobjects.metrics.accumulator import ImageScores, score_masks, summarize_scores
from smallobjects.metrics.bootstrap import Bootstrap
from smallobjects.metrics.checks import checked_size_limits
from smallobjects.metrics.instances import SIZE_LIMITS
from smallobjects.metrics.masks import read_mask
from smallobjects.one_framework import check_one_framework
from smallobjects.publishing import publish_file

check_one_framework()

from mmengine.evaluator import BaseMetric  # noqa: E402
from mmseg.registry import METRICS  # noqa: E402

TITLES = {
    "miou": "mIoU",
    "ia_miou": "IA-mIoU",
    "ia_miou_foreground": "IA-mIoU_foreground",
    "ia_s": "IA_S",
    "ia_m": "IA_M",
    "ia_l": "IA_L",
    "miou_i": "mIoU_I",
    "miou_c": "mIoU_C",
}


@METRICS.register_module()
class InstanceIoUMetric(BaseMetric):
    """IA-mIoU, its parts by size, and mIoU, in percent.

    The predictions and the class masks are those of the loop (`pred_sem_seg`, `gt_sem_seg`, whose
    class 0 must be the background); the instance masks are PNG files (0 background, ids, 255 void),
    found by the name of the class mask or by a key of the sample. Only a few numbers per image are
    kept and gathered, so that any number of processes gives the same scores.
    """

    default_prefix = "instances"

    def __init__(
        self,
        instance_dir: str | None = None,
        instance_path_key: str | None = None,
        ignore_index: int = 255,
        size_limits: Sequence[int] = SIZE_LIMITS,
        resamples: int = 0,
        output: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Say where the instance masks are: one of the first two arguments.

        Args:
            instance_dir: folder with a file of the same name as each class mask (`seg_map_path`).
            instance_path_key: key of the data sample with the path of the instance mask; it must
                be among the `meta_keys` of `PackSegInputs`.
            ignore_index: the void value of class and instance masks.
            size_limits: areas in pixels; small < first <= medium < second <= large.
            resamples: resamples of the bootstrap over images for `output`; 0 for no intervals.
            output: JSON file for the scores as `smallobjects score` writes them, per class and
                with intervals.
            kwargs: arguments of mmengine's BaseMetric, such as `prefix` and `collect_device`.

        Raises:
            ValueError: not exactly one of `instance_dir` and `instance_path_key` is given, or the
                size limits do not rise.
        """
        super().__init__(**kwargs)
        if (instance_dir is None) == (instance_path_key is None):
            raise ValueError("InstanceIoUMetric needs either instance_dir or instance_path_key")
        self.instance_dir = None if instance_dir is None else Path(instance_dir)
        self.instance_path_key = instance_path_key
        self.ignore_index = ignore_index
        self.size_limits = checked_size_limits(size_limits)
        self.bootstrap = Bootstrap(resamples) if resamples else None
        self.output = output

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score the images of a batch.

        Raises:
            ValueError: an image cannot be scored, or its instance mask not be found or read.
        """
        for sample in data_samples:
            if sample.get("reduce_zero_label"):
                raise ValueError(
                    f"{sample['img_path']}: loaded with reduce_zero_label, which turns the "
                    "background into void; InstanceIoUMetric needs it as class 0"
                )
            path = self._instance_path(sample)
            try:
                scores = score_masks(
                    _mask(sample, "pred_sem_seg"),
                    _mask(sample, "gt_sem_seg"),
                    read_mask(path, "instance mask"),
                    self._num_classes,
                    self.ignore_index,
                    self.size_limits,
                )
            except ValueError as error:
                raise ValueError(f"{sample['img_path']}, {path}: {error}") from error
            self.results.append((sample["img_path"], scores))

    def compute_metrics(self, results: list[tuple[str, ImageScores]]) -> dict[str, float]:
        """Average the images of all processes.

        Returns:
            Percent, NaN where there is nothing to average: mIoU, IA-mIoU, IA-mIoU_foreground, IA_S,
            IA_M, IA_L, mIoU_I and mIoU_C.
        """
        images, scores = [path for path, _ in results], [part for _, part in results]
        summary = summarize_scores(images, scores, self._num_classes, self.bootstrap)
        if self.output is not None:
            with publish_file(self.output) as partial:
                partial.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n")
        return {
            title: np.nan if summary[key] is None else 100 * summary[key]
            for key, title in TITLES.items()
        }

    @property
    def _num_classes(self) -> int:
        return len(self.dataset_meta["classes"])

    def _instance_path(self, sample: dict) -> Path:
        """Return the file with the instances of a sample."""
        key = "seg_map_path" if self.instance_dir else self.instance_path_key
        if sample.get(key) is None:
            raise ValueError(
                f"{sample['img_path']}: its sample has no {key!r}, which names the instance mask; "
                "load the annotations and add it to the meta_keys of PackSegInputs"
            )
        path = Path(sample[key])
        return self.instance_dir / path.name if self.instance_dir else path


def _mask(sample: dict, key: str) -> np.ndarray:
    """Return the classes (H×W) of a prediction or a ground truth."""
    if key not in sample:
        raise ValueError(f"its sample has no {key}; the pipeline must load the annotations")
    return sample[key]["data"][0].cpu().numpy()
