import numpy as np
import torch

from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence


def draw(image_id, generator):
    return np.array([int(image_id)]), generator.random(3)


def sequence(images=10, batch_size=4, epochs=3, seed=7):
    ids = [str(number) for number in range(images)]
    return SampleSequence(ids, draw, batch_size=batch_size, epochs=epochs, seed=seed)


def test_epochs_are_permutations_without_the_rest():
    samples = sequence()
    assert len(samples) == 2 * 4 * 3
    epochs = [[samples.image_id(e * 8 + p) for p in range(8)] for e in range(3)]
    assert all(len(set(epoch)) == 8 for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_fewer_images_than_a_batch():
    samples = sequence(images=3, batch_size=8, epochs=2)
    assert len(samples) == 16
    counts = np.bincount([int(samples.image_id(position)) for position in range(8)])
    assert sorted(counts) == [2, 3, 3]


def test_loader_processes_change_nothing():
    alone = list(Batches(sequence(), 4, workers=0).starting_at(0))
    helped = list(Batches(sequence(), 4, workers=2).starting_at(0))
    assert len(alone) == 6
    for one, two in zip(alone, helped, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_batches_begin_anywhere_and_end_where_they_are_told():
    whole = list(Batches(sequence(), 4, workers=0).starting_at(0))
    cut = Batches(sequence(), 4, workers=0, most=5)
    later = list(cut.starting_at(2))
    assert (len(cut), len(later)) == (5, 3)
    for one, two in zip(whole[2:5], later, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert len(Batches(sequence(), 5, workers=0, most=9)) == 4


def test_shared_random_state_is_untouched():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    list(Batches(sequence(), 4, workers=0).starting_at(0))
    assert torch.equal(torch.get_rng_state(), state)


def test_seed_matters():
    first, second = sequence(seed=1), sequence(seed=2)
    assert not np.array_equal(first[0][1], second[0][1])
    assert [first.image_id(p) for p in range(8)] != [second.image_id(p) for p in range(8)]
    assert not np.array_equal(first[0][1], first[1][1])
