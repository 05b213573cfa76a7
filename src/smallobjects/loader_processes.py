"""What loader processes do beside loading; each function is a `worker_init_fn` of PyTorch's."""

from multiprocessing.queues import Queue
from typing import Any

from smallobjects.termination import outlive_termination


def tell_of_lost_batches(worker_id: int) -> None:
    """Let the parent know when a batch cannot be sent, as where shared memory is used up.

    Python prints the error and drops the batch, for which the parent would wait for ever.
    """
    Queue._on_queue_feeder_error = _send_error


def prepare_loader(worker_id: int) -> None:
    """Prepare a loader process of a training."""
    tell_of_lost_batches(worker_id)
    outlive_termination(worker_id)


def _send_error(queue: Queue, error: Exception, batch: tuple[int, Any]) -> None:
    from torch._utils import ExceptionWrapper

    index, _ = batch
    sent = ExceptionWrapper((type(error), error, error.__traceback__), "in a loader process")
    queue.put((index, sent))
