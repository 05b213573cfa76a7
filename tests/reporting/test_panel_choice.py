"""Which images panels show, and where they put their numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from smallobjects.config.panels import PanelImages
from smallobjects.reporting.panels.box_text import TEXT_SIZE, text_place
from smallobjects.reporting.panels.choice import (
    choose_common_image,
    choose_images,
    small_object_gains,
)


def table(gains):
    images = [f"image{k:02}" for k in range(len(gains))]
    before = np.full(len(gains), 0.5)
    after = before + np.array(gains, float)
    values = {"before": before, "after": after, "gain": after - before}
    return pd.DataFrame(values, index=pd.Index(images, name="image"))


def rows(image_sizes):
    """Rows of instances: (image, class, size, IoU)."""
    return pd.DataFrame(image_sizes, columns=["image", "class_id", "size", "iou"])


def test_gains_are_those_of_small_foreground_objects():
    before = rows(
        [("a", 1, "small", 0.2), ("a", 2, "small", 0.4), ("a", 2, "large", 1), ("b", 0, "", 1)]
    )
    gains = small_object_gains(before, before.assign(iou=[0.6, 0.4, 0.0, 0.0]))
    assert gains.index.tolist() == ["a"]
    assert gains.loc["a"].tolist() == pytest.approx([0.3, 0.5, 0.2])


def test_scores_of_other_images_are_refused():
    before = rows([("a", 1, "small", 0.2), ("b", 1, "small", 0.2)])
    with pytest.raises(ValueError, match="image b are scored for one loss only"):
        small_object_gains(before, before.iloc[:1])


def chosen_by(rule, chosen):
    return [row for row in chosen.itertuples() if rule in row.reasons]


steps = st.lists(st.integers(-4, 4).map(lambda k: k / 8), max_size=14)


@given(steps, st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.integers(0, 5))
def test_images_are_those_of_the_rules(gains, most, least, drawn, seed):
    found = table(gains)
    counts = PanelImages(largest_gain=most, largest_loss=least, random=drawn)
    chosen = choose_images(found, counts, seed)
    assert chosen["image"].is_unique
    rising, falling = (
        [row.gain for row in chosen_by(rule, chosen)] for rule in ("largest gain", "largest loss")
    )
    assert rising == sorted([g for g in gains if g > 0], reverse=True)[:most]
    assert falling == sorted(g for g in gains if g < 0)[:least]
    other = choose_images(table(gains[::-1]), counts, seed)
    images = [{row.image for row in chosen_by("random", each)} for each in (chosen, other)]
    assert len(images[0]) == min(drawn, len(gains))
    assert images[0] == images[1], "what is drawn does not depend on the gains"


def test_some_image_is_shown():
    with pytest.raises(ValidationError, match="no image is shown"):
        PanelImages(largest_gain=0, largest_loss=0, random=0)


def test_the_common_image_is_that_of_all_models():
    models = [table([0.1, -0.2, 0.4]), table([0.3, -0.1, -0.3])]
    assert choose_common_image(models, "largest_gain", 0) == "image00"
    assert choose_common_image(models, "largest_loss", 0) == "image01"
    drawn = {choose_common_image(models, "random", seed) for seed in range(20)}
    assert drawn == {"image00", "image01", "image02"}
    assert choose_common_image([table([])], "random", 0) is None


corners = st.tuples(*[st.floats(0, 0.7)] * 2, *[st.floats(0.02, 0.3)] * 2)


@given(corners, st.lists(corners, max_size=5))
def test_numbers_keep_off_other_boxes_where_they_can(box, others):
    picture = (0.0, 0.0, 1.0, 1.0)
    middle = text_place(box, others, picture)
    for k in (0, 1):
        assert middle[k] - TEXT_SIZE[k] / 2 >= -1e-9
        assert middle[k] + TEXT_SIZE[k] / 2 <= 1 + 1e-9

    def on_a_box(place):
        return any(
            all(abs(2 * place[k] - 2 * b[k] - b[k + 2]) < TEXT_SIZE[k] + b[k + 2] for k in (0, 1))
            for b in others
        )

    if on_a_box(middle):
        below = box[1] + box[3] + 0.015 + TEXT_SIZE[1] / 2
        if below + TEXT_SIZE[1] / 2 < 1:
            assert on_a_box((middle[0], below)), "below it there was room"
