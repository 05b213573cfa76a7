"""A batch that a loader process cannot send is an error of the training, not a wait for ever."""

import pytest
from torch.utils.data import DataLoader

from smallobjects.loader_processes import prepare_loader, tell_of_lost_batches


class Unsendable:
    def __reduce__(self):
        raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1_2_3>")


class Batches:
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return Unsendable() if index == 3 else index


@pytest.mark.timeout(60)
@pytest.mark.parametrize("prepare", [tell_of_lost_batches, prepare_loader])
@pytest.mark.parametrize("processes", [1, 2])
def test_the_error_arrives_in_its_place(prepare, processes):
    loader = DataLoader(Batches(), batch_size=None, num_workers=processes, worker_init_fn=prepare)
    batches, found = iter(loader), []
    with pytest.raises(RuntimeError, match="unable to allocate shared memory"):
        while True:
            found.append(next(batches))
    assert found == [0, 1, 2]
