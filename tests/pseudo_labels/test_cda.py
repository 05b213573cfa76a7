"""CDA: cutting, pasting and training on pasted objects."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from irn_chain import STAGES, call, digests, follow_classifier
from PIL import Image
from published_settings import published, stated
from pydantic import ValidationError

from smallobjects.backbones.imagenet import IMAGENET_MEAN, IMAGENET_STD
from smallobjects.pseudo_labels.cams.classifier import load_classifier, multi_hot
from smallobjects.pseudo_labels.cda.cutting import (
    Cut,
    ObjectCuts,
    find_cut,
    find_cuts,
    read_cuts,
    write_cuts,
)
from smallobjects.pseudo_labels.cda.pasting import (
    fitted_size,
    paste,
    paste_at_random,
    resize_object,
    turn,
)
from smallobjects.pseudo_labels.cda.training import PastedSample, pasted_rate_factor
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.context import TrainingContext

LOOSE = published("cda.cuts", min_share=0.03)


def slow_cut(label, low, high):
    """Class and box by visiting every pixel."""
    pixels = {}
    for y, row in enumerate(label.tolist()):
        for x, value in enumerate(row):
            if value not in (0, 255):
                pixels.setdefault(value, []).append((y, x))
    if len(pixels) != 1:
        return None
    [(class_id, places)] = pixels.items()
    if not low <= len(places) / label.size <= high:
        return None
    ys, xs = [y for y, _ in places], [x for _, x in places]
    return class_id, min(ys), min(xs), max(ys) + 1, max(xs) + 1


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_filter_equals_a_slow_one(seed):
    generator = np.random.default_rng(seed)
    label = np.zeros(generator.integers(2, 12, 2), dtype=np.uint8)
    for _ in range(generator.integers(0, 3)):
        corner = [generator.integers(0, side) for side in label.shape]
        size = generator.integers(1, 9, 2)
        value = generator.choice([1, 80, 255])
        label[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = value
    cut = find_cut("a", label, published("cda.cuts", min_share=0.1, max_share=0.5))
    found = cut and (cut.class_id, cut.y0, cut.x0, cut.y1, cut.x1)
    assert found == slow_cut(label, 0.1, 0.5)


def test_both_ends_of_the_share_are_allowed():
    label = np.zeros((10, 10), dtype=np.uint8)
    label[0] = 3
    assert find_cut("a", label, published("cda.cuts")) == Cut("a", 3, 0, 0, 1, 10)
    label[:7] = 3
    assert find_cut("a", label, published("cda.cuts")) is not None
    label[7, 0] = 3
    assert find_cut("a", label, published("cda.cuts")) is None
    label[7, 0] = 4
    assert find_cut("a", label, published("cda.cuts")) is None
    assert find_cut("a", np.full((4, 4), 255, dtype=np.uint8), published("cda.cuts")) is None


@pytest.fixture(scope="module")
def labels(squares, tmp_path_factory):
    """The ground truth as finished labels: with void outlines, and images of no or two classes."""
    out = tmp_path_factory.mktemp("labels")
    call(
        "ground-truth-labels", "--dataset", squares.root, "--split", "train", "--score-split",
        "half", "--labels", out / "labels", "--manifest", out / "manifest.json",
    )  # fmt: skip
    return out / "labels"


@pytest.fixture(scope="module")
def cuts(squares, labels):
    return find_cuts(squares.split("train"), labels, LOOSE)


def test_cuts_are_read_back(cuts, squares, labels, tmp_path):
    assert {cut.class_id for cut in cuts} == {1, 2, 3}
    assert not {"wide", "empty"} & {cut.image for cut in cuts}
    write_cuts(tmp_path / "cuts.parquet", cuts)
    assert read_cuts(tmp_path / "cuts.parquet") == cuts
    objects = ObjectCuts(squares, labels, cuts)
    for cut in cuts:
        image, mask = objects.read(cut)
        truth = squares.read_semantic(cut.image) == cut.class_id
        assert mask.sum() == truth.sum()
        assert np.array_equal(image[mask], squares.read_image(cut.image)[truth])
        assert mask[0].any() and mask[-1].any() and mask[:, 0].any() and mask[:, -1].any()


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(1, 5)), st.integers(0, 1000))
def test_only_absent_classes_with_cuts_are_drawn(present, seed):
    class Classes:
        num_classes = 6

    cuts = [Cut(f"{c}{i}", c, 0, 0, 1, 1) for c in (1, 2, 4) for i in range(c)]
    objects = ObjectCuts(Classes(), None, cuts)
    cut = objects.choose(present, np.random.default_rng(seed))
    if {1, 2, 4} <= present:
        assert cut is None
    else:
        assert cut in cuts
        assert cut.class_id not in present


def test_classes_then_cuts_are_drawn_evenly():
    class Classes:
        num_classes = 4

    cuts = [Cut("a", 1, 0, 0, 1, 1), *(Cut(f"b{i}", 2, 0, 0, 1, 1) for i in range(9))]
    objects, generator = ObjectCuts(Classes(), None, cuts), np.random.default_rng(0)
    drawn = [objects.choose([3], generator).class_id for _ in range(2000)]
    assert np.mean(np.array(drawn) == 1) == pytest.approx(0.5, abs=0.05)


def test_pasted_pixels_are_the_objects_and_all_others_stay():
    generator = np.random.default_rng(1)
    canvas = generator.integers(0, 256, (30, 40, 3)).astype(np.uint8)
    image = generator.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    mask = generator.random((7, 5)) < 0.5
    before = canvas.copy()
    result = paste(canvas, image, mask, (21, 33))
    assert np.array_equal(canvas, before)
    for y in range(30):
        for x in range(40):
            inside = 21 <= y < 28 and 33 <= x < 38 and mask[y - 21, x - 33]
            expected = image[y - 21, x - 33] if inside else canvas[y, x]
            assert np.array_equal(result[y, x], expected)


def test_small_objects_keep_their_pixels_wherever_they_go():
    generator = np.random.default_rng(2)
    canvas = np.zeros((20, 30, 3), dtype=np.uint8)
    image = generator.integers(1, 256, (6, 8, 3)).astype(np.uint8)
    mask = generator.random((6, 8)) < 0.6
    straight = published("cda.classifier", rotation=0)
    corners = set()
    for _ in range(400):
        result = paste_at_random(canvas, image, mask, straight, generator)
        ys, xs = np.nonzero(result.any(axis=2))
        assert len(ys) == mask.sum()
        assert np.array_equal(result[ys, xs], image[mask])
        corners.add((ys.min() - np.nonzero(mask)[0].min(), xs.min() - np.nonzero(mask)[1].min()))
    assert {y for y, _ in corners} == set(range(15))
    assert {x for _, x in corners} == set(range(23))


def test_quarter_turns_are_exact():
    generator = np.random.default_rng(3)
    image = generator.integers(0, 256, (6, 9, 3)).astype(np.uint8)
    mask = generator.random((6, 9)) < 0.5
    for degrees, quarters in ((90, 1), (-90, -1)):
        turned, shape = turn(image, mask, degrees)
        assert np.array_equal(turned, np.rot90(image, quarters))
        assert np.array_equal(shape, np.rot90(mask, quarters))


@pytest.mark.parametrize("degrees", [-90, -61, -30, -1, 1, 17, 45, 89])
def test_turned_masks_stay_hard_and_meet_no_fill(degrees):
    """Every pixel of the turned mask lies on the object, by the rotation's own formula."""
    height, width = 41, 27
    mask = np.zeros((height, width), dtype=bool)
    mask[:, 3:] = True
    mask[:9, 20:] = False
    image = np.full((height, width, 3), 200, dtype=np.uint8)
    turned, shape = turn(image, mask, degrees)
    assert (turned[shape] == 200).all()
    angle = np.deg2rad(degrees)
    expected = np.zeros_like(shape)
    for y in range(shape.shape[0]):
        for x in range(shape.shape[1]):
            dy, dx = y + 0.5 - shape.shape[0] / 2, x + 0.5 - shape.shape[1] / 2
            source_x = np.cos(angle) * dx - np.sin(angle) * dy + width / 2
            source_y = np.sin(angle) * dx + np.cos(angle) * dy + height / 2
            inside = 0 <= source_x < width and 0 <= source_y < height
            expected[y, x] = inside and mask[int(source_y), int(source_x)]
    # Half a pixel of rounding moves the outline, nothing else.
    assert (expected ^ shape).sum() <= 0.02 * mask.sum()


@settings(max_examples=200, deadline=None)
@given(*[st.integers(1, 700)] * 4)
def test_objects_are_shrunk_to_the_share_and_never_enlarged(height, width, rows, columns):
    size = fitted_size((height, width), (rows, columns), 0.7)
    assert size[0] <= max(1, min(height, 0.7 * rows))
    assert size[1] <= max(1, min(width, 0.7 * columns))
    if height <= 0.7 * rows and width <= 0.7 * columns:
        assert size == (height, width)
    else:
        scale = min(0.7 * rows / height, 0.7 * columns / width)
        assert abs(size[0] - height * scale) <= 1
        assert abs(size[1] - width * scale) <= 1


def test_a_thin_object_that_shrinking_loses_is_not_pasted():
    mask = np.zeros((400, 400), dtype=bool)
    mask[0] = True
    image = np.full((400, 400, 3), 9, dtype=np.uint8)
    _, small = resize_object(image, mask, (8, 8))
    assert not small.any()
    canvas = np.zeros((12, 12, 3), dtype=np.uint8)
    straight = published("cda.classifier", rotation=0)
    assert paste_at_random(canvas, image, mask, straight, np.random.default_rng(0)) is None


def test_a_sample_holds_the_image_and_a_copy_with_one_more_class(squares, labels, cuts):
    parameters = published("cda.classifier", crop_size=130, resize_long_side=(130, 130))
    sample = PastedSample(squares, ObjectCuts(squares, labels, cuts), parameters)
    pasted = set()
    for seed in range(30):
        for image_id in squares.split("train"):
            image, target, copy, union = sample(image_id, np.random.default_rng(seed))
            assert image.shape == copy.shape == (3, 130, 130)
            assert np.array_equal(target, multi_hot(squares, image_id))
            added = np.flatnonzero(union - target) + 1
            assert (union >= target).all()
            assert len(added) == 1
            pasted.add((image_id, int(added[0])))
    absent = {
        (image_id, class_id)
        for image_id in squares.split("train")
        for class_id in (1, 2, 3)
        if class_id not in squares.image_classes.get(image_id, ())
    }
    assert pasted == absent


def test_the_copy_of_a_wide_image_shows_the_object_whole(squares, labels, cuts):
    """Class 1 is red, and the wide image has none of it."""
    only_red = [cut for cut in cuts if cut.class_id == 1]
    parameters = published("cda.classifier", crop_size=130, resize_long_side=(130, 130))
    sample = PastedSample(squares, ObjectCuts(squares, labels, only_red), parameters)

    def red(crop):
        pixels = crop.transpose(1, 2, 0) * np.float32(IMAGENET_STD) + np.float32(IMAGENET_MEAN)
        return int(((pixels[..., 0] > 0.6) & (pixels[..., 1] < 0.4)).sum())

    for seed in range(5):
        image, _, copy, union = sample("wide", np.random.default_rng(seed))
        assert union.tolist() == [1, 1, 1]
        assert red(image) == 0
        assert red(copy) > 40


def test_where_every_class_is_present_the_copy_has_no_object(squares, labels, cuts):
    only = [cut for cut in cuts if cut.class_id == 2]
    sample = PastedSample(squares, ObjectCuts(squares, labels, only), published("cda.classifier"))
    _, target, _, union = sample("wide", np.random.default_rng(0))
    assert np.array_equal(target, union)


def test_the_rate_is_down_at_half_time_as_in_the_public_code():
    parameters = published("cda.classifier")
    steps = 2 * 3305  # batches of 8, while the public code counts those of 16
    for step in (0, 1000, 3304):
        assert pasted_rate_factor(step, steps, parameters) == pytest.approx(
            (1 - step / 3305) ** 0.9
        )
    assert pasted_rate_factor(steps - 1, steps, parameters) == pytest.approx((1 / 3305) ** 0.9)
    whole = parameters.model_copy(update={"schedule_share": 1.0})
    assert pasted_rate_factor(3305, steps, whole) == pytest.approx(0.5**0.9)


def test_published_settings():
    stages = published("cda")
    assert (stages.cuts.min_share, stages.cuts.max_share) == (0.1, 0.7)
    assert (stages.classifier.batch_size, stages.classifier.epochs) == (16, 5)
    assert (stages.classifier.rotation, stages.classifier.largest_side) == (90, 0.7)


def test_bad_settings_and_files_are_named(squares, labels, cuts, tmp_path):
    with pytest.raises(ValidationError, match="exceeds max_share"):
        published("cda.cuts", min_share=0.8)
    with pytest.raises(ValidationError, match="multiple of 2"):
        published("cda.classifier", batch_size=5)
    with pytest.raises(BadInputError, match=r"labels: no label has .*min_share"):
        find_cuts(squares.split("train"), labels, published("cda.cuts", min_share=0.6))
    with pytest.raises(BadInputError, match=r"nowhere.png: no label"):
        find_cuts(["nowhere"], labels, LOOSE)
    damaged = tmp_path / "cuts.parquet"
    damaged.write_bytes(b"hello")
    with pytest.raises(BadInputError, match=r"cuts.parquet: no table of cuts .*cut-objects"):
        read_cuts(damaged)
    pd.DataFrame({"image": ["a"]}).to_parquet(damaged)
    with pytest.raises(BadInputError, match=r"cuts.parquet: no table of cuts"):
        read_cuts(damaged)
    with pytest.raises(BadInputError, match=r"class 4, but the dataset has 1..3"):
        ObjectCuts(squares, labels, [Cut("a", 4, 0, 0, 1, 1)])
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / f"{cuts[0].image}.png")
    with pytest.raises(BadInputError, match="cut-objects"):
        ObjectCuts(squares, tmp_path, cuts).read(cuts[0])


def run_cda(dataset, labels, out, workers=0):
    split = ("--dataset", dataset.root, "--split", "train", "--labels", labels)
    call(
        "cut-objects", *split, "--parameters", LOOSE.model_dump_json(),
        "--output", out / "cuts.parquet",
    )  # fmt: skip
    parameters = stated("cda.classifier", **STAGES["classifier"], schedule_share=1.0)
    call(
        "train-pasted-classifier", *split, "--cuts", out / "cuts.parquet", "--device", "cpu",
        "--seed", 2, "--workers", workers, "--parameters", json.dumps(parameters),
        "--output", out / "classifier.pth",
    )  # fmt: skip
    return follow_classifier(dataset, out, "cda", workers=workers)


def test_the_chain_makes_labels_and_the_same_ones_again(squares, labels, tmp_path):
    first = run_cda(squares, labels, tmp_path / "a")
    manifest = json.loads((first / "manifest.json").read_text())
    assert manifest["source"] == "cda"
    assert manifest["stages"]["all_background"] < manifest["stages"]["cam"]
    assert manifest["stages"]["cam"] <= manifest["miou"]["exclude"]
    second = run_cda(squares, labels, tmp_path / "b", workers=2)
    assert digests(first) == digests(second)


def test_eighty_classes_wide_grey_and_empty_images(eighty, tmp_path):
    call(
        "ground-truth-labels", "--dataset", eighty.root, "--split", "train", "--score-split",
        "half", "--labels", tmp_path / "labels", "--manifest", tmp_path / "m.json",
    )  # fmt: skip
    run_cda(eighty, tmp_path / "labels", tmp_path / "out")
    cuts = read_cuts(tmp_path / "out" / "cuts.parquet")
    assert {cut.class_id for cut in cuts} == {1, 40, 41, 79, 80}
    assert load_classifier(tmp_path / "out" / "classifier.pth", 80).num_classes == 80
    for image_id in eighty.split("train"):
        with Image.open(tmp_path / "out" / "labels" / f"{image_id}.png") as image:
            label = np.asarray(image)
        assert label.shape == eighty.read_semantic(image_id).shape
        assert set(np.unique(label)) <= {0, *eighty.image_classes.get(image_id, ())}


def test_a_class_that_only_cuts_show_is_learnt(squares, labels, cuts):
    """Pasting alone teaches a class that no training image has."""
    from smallobjects.pseudo_labels.cda.training import train_pasted_classifier
    from smallobjects.pseudo_labels.training.augmentation import normalise

    ids = ["2007_000001", "2007_000004", "empty", "2007_000007"]  # class 2 and none
    parameters = published("cda.classifier", **{**STAGES["classifier"], "epochs": 120})
    only_red = [cut for cut in cuts if cut.class_id == 1]
    classifier = train_pasted_classifier(
        TrainingContext(squares, ids, seed=0, device=torch.device("cpu")),
        ObjectCuts(squares, labels, only_red),
        parameters,
    )
    with torch.no_grad():
        red, blue = (
            classifier(torch.from_numpy(normalise(squares.read_image(i)))[None])[0]
            for i in ("2007_000000", "2007_000001")
        )
    assert red[0] > 0 > red[1]
    assert blue[1] > 0 > blue[0]
