"""The companions of RIB: other classes, the same whoever loads them and whatever else is loaded."""

import numpy as np
import pytest
import torch
from published_settings import published

from smallobjects.pseudo_labels.cams.classifier import multi_hot
from smallobjects.pseudo_labels.rib.companions import CompanionChoice, Companions

PARAMETERS = published("rib.rib", steps=3, companions=2, crop_size=24, resize_long_side=(20, 30))


def loaded(dataset, image_ids, workers=0, stop_after=None, parameters=PARAMETERS):
    """Return the batches of each image; of the first only so many."""
    choice = CompanionChoice(dataset, dataset.split("train"), 7)
    companions = Companions(
        dataset, image_ids, choice, parameters, workers=workers, pin_memory=False
    )
    found = {}
    for number, image_id in enumerate(image_ids):
        batches = companions.of(number)
        taken = stop_after if number == 0 and stop_after is not None else parameters.steps
        found[image_id] = [next(batches) for _ in range(taken)]
    return found


@pytest.mark.parametrize("name", ["squares", "eighty"])
def test_they_have_none_of_the_classes(name, request):
    dataset = request.getfixturevalue(name)
    ids = dataset.split("train")
    choice = CompanionChoice(dataset, ids, 7)
    for image_id in ids:
        classes = set(dataset.image_classes.get(image_id, ()))
        if not classes:
            continue
        allowed = {
            other
            for other in ids
            if dataset.image_classes.get(other) and not classes & set(dataset.image_classes[other])
        }
        chosen = [choice.of(image_id, tuple(classes), step, 2) for step in range(20)]
        assert {one for step in chosen for one in step} == allowed
        assert all(len(set(step)) == len(step) == min(2, len(allowed)) for step in chosen)


def test_they_are_of_the_image_and_not_of_its_shard(squares):
    ids = [image_id for image_id in squares.split("train") if image_id != "empty"]
    together = loaded(squares, ids)
    backwards = loaded(squares, ids[::-1])
    helped = loaded(squares, ids, workers=2)
    alone = {image_id: loaded(squares, [image_id])[image_id] for image_id in ids}
    for image_id in ids:
        for other in (backwards, helped, alone):
            for one, two in zip(together[image_id], other[image_id], strict=True):
                assert torch.equal(one[0], two[0])
                assert torch.equal(one[1], two[1])
    assert not torch.equal(together[ids[0]][0][0], together[ids[0]][1][0])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_stops_early_does_not_disturb_the_next(squares, workers):
    ids = ["wide", "grey", "2007_000000"]
    whole, stopped = loaded(squares, ids), loaded(squares, ids, workers, stop_after=1)
    assert len(stopped["wide"]) == 1
    for image_id in ids[1:]:
        for one, two in zip(whole[image_id], stopped[image_id], strict=True):
            assert torch.equal(one[0], two[0])


def test_targets_are_those_of_the_companions(eighty):
    [(images, targets)] = loaded(
        eighty, ["wide"], parameters=PARAMETERS.model_copy(update={"steps": 1})
    )["wide"]
    chosen = CompanionChoice(eighty, eighty.split("train"), 7).of("wide", (1, 80), 0, 2)
    assert images.shape == (2, 3, 24, 24)
    assert np.array_equal(targets, [multi_hot(eighty, image_id) for image_id in chosen])


def test_there_may_be_none(squares):
    parameters = PARAMETERS.model_copy(update={"companions": 0})
    batches = loaded(squares, ["wide"], parameters=parameters)["wide"]
    assert [len(images) for images, _ in batches] == [0, 0, 0]
    assert CompanionChoice(squares, squares.split("train"), 7).of("x", (1, 2, 3), 0, 5) == []
