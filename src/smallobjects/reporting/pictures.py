"""Pictures of predictions as data: which images are shown of two models, by a stated rule."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from smallobjects.parameters import Parameters

RULES = ("largest gain", "largest loss", "random")
_KEYS = ["image", "class_id", "instance_id", "area"]


class PicturedArm(Parameters):
    """A column of pictures: a model, its predictions, and their scores by instance."""

    title: str
    predictions: Path
    """Folder of `<image>.png`."""
    scores: Path
    """instances.parquet of these predictions."""


def small_objects(arms: Sequence[PicturedArm]) -> pd.DataFrame:
    """Return the small objects with their IoU by each model.

    Returns:
        Columns image, class_id, instance_id, area, and iou_0, iou_1, … in the order of the models;
        by image and instance.

    Raises:
        ValueError: a table is missing or damaged, the models were scored on different objects, or
            there is no small object.
    """
    tables = [_read(arm.scores).set_index(_KEYS)["iou"].sort_index() for arm in arms]
    for arm, table in zip(arms[1:], tables[1:], strict=True):
        if not table.index.equals(tables[0].index):
            raise ValueError(
                f"{arm.scores}: not scored on the small objects of {arms[0].scores}; "
                "score both on the same images"
            )
    joined = pd.concat({f"iou_{k}": table for k, table in enumerate(tables)}, axis=1).reset_index()
    if joined.empty:
        raise ValueError(f"{arms[0].scores}: no small object was scored, so there is none to show")
    return joined.sort_values(["image", "instance_id"], ignore_index=True)


def choose_pictures(objects: pd.DataFrame, per_rule: int, seed: int) -> pd.DataFrame:
    """Choose images by the gain of their small objects.

    The gain of an image is the mean over its small objects of the IoU by the last model less that
    by the first. Shown are the images with the largest gains, those with the largest losses, and
    some drawn from all others with the same probability each; of equal ones the first by id.

    Args:
        objects: as `small_objects` returns them.
        per_rule: images by each rule; fewer where fewer gain, lose or are left.
        seed: of the draw.

    Returns:
        Columns rule (one of `RULES`), image, gain (−1..1), objects (its small objects): a row for
        each image, by rule and then as the rule orders them.
    """
    models = [name for name in objects if name.startswith("iou_")]
    differences = objects[models[-1]] - objects[models[0]]
    grouped = differences.groupby(objects["image"], sort=True)
    gains = pd.DataFrame({"gain": grouped.mean(), "objects": grouped.size()}).reset_index()
    best = gains[gains["gain"] > 0].sort_values("gain", ascending=False, kind="stable")
    worst = gains[gains["gain"] < 0].sort_values("gain", kind="stable")
    chosen = [best[:per_rule], worst[:per_rule]]
    others = gains[~gains["image"].isin(pd.concat(chosen)["image"])]
    drawn = np.random.default_rng(seed).permutation(len(others))[:per_rule]
    chosen.append(others.iloc[np.sort(drawn)])
    found = pd.concat(dict(zip(RULES, chosen, strict=True)), names=["rule"])
    return found.reset_index(level="rule").reset_index(drop=True)[
        ["rule", "image", "gain", "objects"]
    ]


def pictured_objects(objects: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return every small object of the chosen images with rule and gain, in their order."""
    return chosen.drop(columns="objects").merge(objects, on="image", how="left", sort=False)


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path, columns=[*_KEYS, "size", "iou"])
    except (ArrowException, OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path}: no table of scored instances ({error}); "
            "`smallobjects score --instances-output` writes one"
        ) from error
    return table[(table["size"] == "small") & (table["class_id"] > 0)]
