"""The metric of torchmetrics gives what the accumulator gives, alone, with others, in processes."""

import math
import pickle

import numpy as np
import pytest
import torch
from scenes import NUM_CLASSES
from torchmetrics import MetricCollection
from torchmetrics.segmentation import MeanIoU

from smallobjects.metrics import InstanceIoU, TorchInstanceIoU

IMAGES = 12
LIMITS = (20, 30)


def batch(first, last):
    """Predictions, classes, instances and ids of images with a shifted rectangle or two."""
    parts = []
    for number in range(first, last):
        rng = np.random.default_rng(number)
        semantic, instances = np.zeros((2, 24, 30), np.int64)
        for k in range(1, rng.integers(2, 5)):
            y, x = rng.integers(0, 20, 2)
            inside = (slice(y, y + k + 2), slice(x, x + 6))
            semantic[inside], instances[inside] = rng.integers(1, NUM_CLASSES), k
        semantic[:, 29] = instances[:, 29] = 255
        prediction = np.roll(np.where(semantic == 255, 0, semantic), rng.integers(-2, 3, 2), (0, 1))
        parts.append((prediction, semantic, instances))
    masks = [torch.from_numpy(np.stack(each)) for each in zip(*parts, strict=True)]
    return (*masks, [f"image {number}" for number in range(first, last)])


def metric(**settings):
    return TorchInstanceIoU(NUM_CLASSES, size_limits=LIMITS, **settings)


def expected(images=IMAGES):
    plain = InstanceIoU(NUM_CLASSES, size_limits=LIMITS)
    plain.update(*batch(0, images))
    return plain.compute()


def same(found, wanted):
    assert found.keys() >= {"miou", "ia_miou", "ia_miou_foreground", "ia_s", "ia_m", "ia_l"}
    for name, value in found.items():
        assert value.ndim == 0
        assert float(value) == pytest.approx(wanted[name], rel=1e-6)


def test_it_computes_what_the_accumulator_computes():
    one = metric()
    for first in range(0, IMAGES, 3):
        one.update(*batch(first, first + 3))
    same(one.compute(), expected())
    one.reset()
    assert math.isnan(one.compute()["ia_s"])
    one.update(*batch(0, IMAGES))
    same(one.compute(), expected())


def test_classes_are_told_where_asked():
    one = metric(per_class=True)
    one.update(*batch(0, IMAGES))
    found = one.compute()
    for entry in expected()["per_class"]:
        for name in ("iou", "ia_iou", "ia_s", "ia_m", "ia_l"):
            value = entry[name]
            value = math.nan if value is None else value
            assert float(found[f"{name}/{entry['class_id']}"]) == pytest.approx(value, nan_ok=True)


def test_scores_of_a_network_are_taken_too():
    predictions, *others = batch(0, 4)
    logits = torch.nn.functional.one_hot(predictions, NUM_CLASSES).permute(0, 3, 1, 2).float()
    found, plain = metric(), InstanceIoU(NUM_CLASSES, size_limits=LIMITS)
    found.update(logits, *others)
    plain.update(predictions, *others)
    same(found.compute(), plain.compute())


def test_beside_another_metric_in_a_collection():
    together = MetricCollection(
        {"iou": MeanIoU(NUM_CLASSES, input_format="index"), "instance": metric()}
    )
    ones = []
    for first in range(0, IMAGES, 4):
        predictions, classes, instances, images = batch(first, first + 4)
        # torchmetrics' own knows no void.
        given = {"preds": predictions, "target": classes.where(classes != 255, 0)}
        ones.append(together(**given, instances=instances.where(classes != 255, 0), images=images))
    assert {"iou", "ia_s", "ia_miou"} <= ones[0].keys()
    found = together.compute()
    plain = InstanceIoU(NUM_CLASSES, size_limits=LIMITS)
    predictions, classes, instances, images = batch(0, IMAGES)
    plain.update(
        predictions, classes.where(classes != 255, 0), instances.where(classes != 255, 0), images
    )
    assert float(found["ia_miou"]) == pytest.approx(plain.compute()["ia_miou"])


def test_forward_scores_the_batch_and_keeps_it():
    one = metric()
    first = one(*batch(0, 3))
    alone = InstanceIoU(NUM_CLASSES, size_limits=LIMITS)
    alone.update(*batch(0, 3))
    same(first, alone.compute())
    one(*batch(3, IMAGES))
    same(one.compute(), expected())


def test_an_image_counts_once_and_never_in_two_ways():
    one = metric()
    one.update(*batch(0, IMAGES))
    one.update(*batch(0, 2))
    same(one.compute(), expected())
    predictions, classes, instances, images = batch(2, 3)
    one.update(torch.zeros_like(predictions), classes, instances, images)
    with pytest.raises(ValueError, match="scored twice, with different results"):
        one.compute()


def test_images_without_a_name_are_all_different():
    one = metric()
    one.update(*batch(0, IMAGES)[:3])
    same(one.compute(), expected())


def test_it_is_kept_and_sent():
    one = metric()
    one.update(*batch(0, IMAGES))
    same(pickle.loads(pickle.dumps(one)).compute(), expected())
    one.persistent(True)
    again = metric()
    again.load_state_dict(one.state_dict())
    same(again.compute(), expected())


def test_it_is_drawn(tmp_path):
    one = metric()
    one.update(*batch(0, IMAGES))
    for values in (None, one.compute(), [one.compute(), one.compute()]):
        figure, axes = one.plot(values)
        figure.savefig(tmp_path / "scores.png")
        assert "ia_s" in str(axes.get_legend_handles_labels())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": ["a"]}, "1 images for batches of"),
        ({"preds": torch.full((3, 24, 30), 7)}, "image 'image 0': "),
        ({"preds": torch.zeros(3, 24, 30)}, "float32"),
    ],
)
def test_what_does_not_fit_is_named(changed, message):
    given = dict(zip(("preds", "target", "instances", "images"), batch(0, 3), strict=True))
    with pytest.raises(ValueError, match=message):
        metric().update(**{**given, **changed})


def score_a_part(rank, folder, parts):
    address = f"file://{folder / 'rendezvous'}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    one, alone = metric(), metric(sync_on_compute=False)
    for each in (one, alone):
        if parts[rank]:
            each.update(*batch(*parts[rank]))
    torch.save((one.compute(), alone.compute()), folder / f"{rank}.pt")
    # What one process has is still its own, and more can follow.
    one.update(*batch(IMAGES + rank, IMAGES + rank + 1))
    torch.save(one.compute(), folder / f"{rank}-more.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    "parts",
    # As a sampler pads, both score an image; one has all of them, or the other.
    [((0, 8), (7, IMAGES)), ((0, IMAGES), None), (None, (0, IMAGES))],
    ids=["both", "first", "second"],
)
def test_two_processes_compute_what_one_does(tmp_path, parts):
    torch.multiprocessing.spawn(score_a_part, (tmp_path, parts), nprocs=2)
    kept = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    for together, _ in kept:
        same(together, expected())
    assert kept[0][1] != kept[1][1]
    for rank in range(2):
        more = torch.load(tmp_path / f"{rank}-more.pt", weights_only=True)
        same(more, expected(IMAGES + 2))
