"""Which images a page of panels shows: by a rule, never by hand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from smallobjects.config.panels import PanelImages

REASONS = {
    "largest_gain": "largest gain",
    "largest_loss": "largest loss",
    "random": "random",
}
"""The rules by which images are chosen, in the order in which a page shows them."""
COLUMNS = ("image", "reasons", "before", "after", "gain")


def small_object_means(rows: pd.DataFrame) -> pd.Series:
    """Return the mean IoU of the small objects of each image that has any.

    Args:
        rows: the columns image, class_id, size and iou of the rows of all instances.

    Returns:
        Means in 0..1 by image id, sorted by image id.
    """
    small = rows[(rows["class_id"] > 0) & (rows["size"] == "small")]
    return small.groupby("image")["iou"].mean().sort_index()


def small_object_gains(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare two models on the small objects of each image.

    Args:
        before: the rows of all instances by the first model, as for `small_object_means`.
        after: those of the same images by the second.

    Returns:
        Columns before, after and gain (after - before, in -1..1), by image id.

    Raises:
        ValueError: the models were scored on different images.
    """
    means = pd.DataFrame({"before": small_object_means(before), "after": small_object_means(after)})
    if means.isna().any(axis=None):
        image = means.index[means.isna().any(axis=1)][0]
        raise ValueError(
            f"the small objects of image {image} are scored for one loss only; score both again on "
            "the same images"
        )
    return means.assign(gain=means["after"] - means["before"])


def choose_images(gains: pd.DataFrame, counts: PanelImages, seed: int) -> pd.DataFrame:
    """Choose the images of a page from those that have a small object.

    - `largest_gain`: those whose mean IoU of small objects rises most, if it rises;
    - `largest_loss`: those where it falls most, if it falls;
    - `random`: drawn without replacement, each with the same probability. They depend on the seed
      and the images alone, and so are the same for every model.

    Ties go to the smaller image id. An image that several rules choose is shown once.

    Args:
        gains: what `small_object_gains` returned.
        counts: how many images each rule chooses; fewer if there are fewer.
        seed: random seed.

    Returns:
        The columns `COLUMNS`, a row per image; reasons are titles of `REASONS`, joined by commas.
    """
    rising = gains.sort_values("gain", ascending=False, kind="stable")
    falling = gains.sort_values("gain", kind="stable")
    chosen = {
        "largest_gain": rising.index[rising["gain"] > 0][: counts.largest_gain],
        "largest_loss": falling.index[falling["gain"] < 0][: counts.largest_loss],
        "random": _drawn(gains.index, counts.random, seed),
    }
    reasons: dict[str, list[str]] = {}
    for rule, images in chosen.items():
        for image in images:
            reasons.setdefault(image, []).append(REASONS[rule])
    table = gains.loc[list(reasons)].rename_axis("image").reset_index()
    table.insert(1, "reasons", [", ".join(each) for each in reasons.values()])
    return table[list(COLUMNS)]


def choose_common_image(gains: Sequence[pd.DataFrame], rule: str, seed: int) -> str | None:
    """Choose one image in which all models are compared.

    Args:
        gains: of each model, on the same images, what `small_object_gains` returned.
        rule: a key of `REASONS`; gain and loss are means over the models.
        seed: random seed.

    Returns:
        The image's id; None if no image has a small object.
    """
    mean = pd.concat([each["gain"] for each in gains], axis=1).mean(axis=1).sort_index()
    if mean.empty:
        return None
    if rule == "random":
        return _drawn(mean.index, 1, seed)[0]
    return mean.idxmax() if rule == "largest_gain" else mean.idxmin()


def _drawn(images: pd.Index, count: int, seed: int) -> list[str]:
    return np.random.default_rng(seed).permutation(np.array(images, dtype=object))[:count].tolist()
