"""Which jobs should start first: those with the most to do after them.

The last job ends as early as the longest chain of jobs allows, if nothing keeps that chain waiting
(critical path scheduling: Hu, Operations Research 1961). Who starts it late has the GPUs idle at
the end, when it alone is left.
"""

from collections.abc import Hashable, Iterable, Mapping
from graphlib import TopologicalSorter
from typing import TypeVar

Job = TypeVar("Job", bound=Hashable)


def longest_chains(
    needs: Mapping[Job, Iterable[Job]], minutes: Mapping[Job, int]
) -> dict[Job, int]:
    """Return how long each job and the longest chain of jobs that wait for it take together.

    Args:
        needs: the jobs that each job waits for.
        minutes: how long each job takes at most.

    Returns:
        Minutes for each job.
    """
    chains: dict[Job, int] = {}
    after: dict[Job, int] = dict.fromkeys(needs, 0)
    for job in reversed([*TopologicalSorter(needs).static_order()]):
        chains[job] = minutes[job] + after[job]
        for needed in needs[job]:
            after[needed] = max(after[needed], chains[job])
    return chains
