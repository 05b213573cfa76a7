"""update, compute, reset: in one process and in several."""

import numpy as np
import pytest
import torch
import torch.multiprocessing as multiprocessing
from scenes import LIMITS, NUM_CLASSES

from smallobjects.metrics import confusion_matrix, instance_ious, paired_difference, summarize
from smallobjects.metrics.accumulator import InstanceIoU
from smallobjects.metrics.bootstrap import Bootstrap
from smallobjects.metrics.summary import summarize_images

IMAGES = 11


def scene(number):
    """A prediction and a ground truth of 24×30, with a shifted rectangle or two."""
    rng = np.random.default_rng(number)
    semantic = np.zeros((24, 30), np.uint8)
    for k in range(1, rng.integers(2, 5)):
        y, x = rng.integers(0, 20, 2)
        semantic[y : y + k + 2, x : x + 6] = rng.integers(1, NUM_CLASSES)
    semantic[:, 29] = 255
    # One instance per class.
    instances = np.where(semantic == 255, 255, semantic).astype(np.uint16)
    prediction = np.roll(np.where(semantic == 255, 0, semantic), rng.integers(-2, 3, 2), (0, 1))
    return prediction, semantic, instances


def metric(**arguments):
    return InstanceIoU(NUM_CLASSES, size_limits=LIMITS, **arguments)


def filled(numbers):
    one = metric()
    for number in numbers:
        one.update(*scene(number), f"{number}")
    return one


def test_computes_the_summary_of_the_functions():
    scenes = [scene(number) for number in range(IMAGES)]
    rows = [instance_ious(*masks, NUM_CLASSES, size_limits=LIMITS) for masks in scenes]
    confusion = sum(confusion_matrix(masks[0], masks[1], NUM_CLASSES) for masks in scenes)
    expected = summarize(np.concatenate(rows), confusion, NUM_CLASSES)
    found = filled(range(IMAGES)).compute()
    assert {key: found[key] for key in expected} == expected
    assert 0 < found["ia_miou"] < 1
    assert list(found) == [*expected, "miou_i", "miou_c"]


def test_tables_hold_what_is_behind_the_scores():
    one = filled(range(IMAGES))
    rows, areas = one.tables()
    assert rows["image"].nunique() == areas["image"].nunique() == IMAGES
    assert summarize_images(rows, areas, NUM_CLASSES) == one.compute()
    other = metric()
    for number in range(IMAGES):
        prediction, *truth = scene(number)
        other.update(np.zeros_like(prediction), *truth, f"{number}")
    difference = paired_difference(other.sums(), one.sums(), Bootstrap(resamples=50))
    assert 0 < difference["ia_miou"][0] < difference["ia_miou"][1] < 1
    empty = metric().tables()
    assert [len(table) for table in empty] == [0, 0]


def test_tensors_and_batches_are_taken_alike():
    expected = filled(range(4)).compute()
    together = metric()
    batch = [
        torch.from_numpy(np.stack(masks).astype(np.int64))
        for masks in zip(*(scene(number) for number in range(4)), strict=True)
    ]
    together.update(*batch, [0, 1, 2, 3])
    assert len(together) == 4
    assert together.compute() == expected


def test_the_order_of_images_does_not_matter():
    assert filled(range(IMAGES)).compute() == filled(reversed(range(IMAGES))).compute()


def test_reset_forgets():
    one = filled(range(3))
    one.reset()
    assert len(one) == 0
    assert one.compute()["ia_miou"] is None
    one.update(*scene(0), "0")
    assert one.compute() == filled([0]).compute()


def test_intervals_where_asked():
    one = metric(bootstrap=Bootstrap(20))
    for number in range(IMAGES):
        one.update(*scene(number), number)
    found = one.compute()
    low, high = found["intervals"]["miou"]
    assert low <= found["miou"] <= high
    assert found["bootstrap"]["resamples"] == 20


def test_merging_parts_gives_the_whole():
    one, other = filled(range(6)), filled(range(4, IMAGES))
    one.merge(other)
    assert one.compute() == filled(range(IMAGES)).compute()


def test_refuses_what_does_not_belong_together():
    one = filled([0])
    with pytest.raises(ValueError, match="image '0' is scored already"):
        one.update(*scene(0), "0")
    with pytest.raises(ValueError, match="image '5': prediction: 23×30"):
        one.update(scene(5)[0][1:], *scene(5)[1:], "5")
    with pytest.raises(ValueError, match=r"2 image ids for batches of \[1, 1, 1\]"):
        one.update(*(mask[None] for mask in scene(5)), ["5", "6"])
    with pytest.raises(ValueError, match="expected H×W or N×H×W"):
        one.update(*(mask[None, None] for mask in scene(5)), "5")
    other = metric()
    other.update(*scene(1), "0")
    with pytest.raises(ValueError, match="image '0' was scored twice, with different results"):
        one.merge(other)
    with pytest.raises(ValueError, match="settings differ"):
        one.merge(InstanceIoU(NUM_CLASSES))


def score_share(rank, processes, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", f"file://{folder / 'rendezvous'}", rank=rank, world_size=processes
    )
    # Like a sampler that pads: the first image goes to the last process again.
    numbers = list(range(rank, IMAGES, processes)) + [0] * (rank == processes - 1)
    found = filled(numbers).compute()
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_compute_what_one_does(tmp_path):
    multiprocessing.spawn(score_share, (2, tmp_path), nprocs=2)
    expected = filled(range(IMAGES)).compute()
    for rank in range(2):
        assert torch.load(tmp_path / f"{rank}.pt") == expected
