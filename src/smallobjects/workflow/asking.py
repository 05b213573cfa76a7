"""What the rules' questions have in common."""

import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.config.experiment import Experiment


class Wildcards(Protocol):
    """Snakemake's, of a job; which of them there are depends on its rule."""

    dataset: str
    source: str
    segmentor: str
    loss: str
    seed: str


Asked = Callable[[Any], Any]
"""A function of a job's wildcards that Snakemake calls for an input or a parameter."""


class Questions:
    """Questions of one part of the road, which an experiment answers."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.places = experiment.layout

    def split_of(self, dataset: str, role: str) -> str:
        """Return the name of a dataset's split for `role`: train, label_score or evaluate.

        Raises:
            WorkflowError: it has none, as an evaluation set.
        """
        found = getattr(self.experiment.dataset(dataset), role)
        if found is None:
            home = self.experiment.trained_on(dataset)
            raise WorkflowError(
                f"{dataset} has no split for {role!r}: it evaluates the models of {home}"
            )
        return found


def any_of(names: Iterable[str]) -> str:
    """Return the wildcard constraint that allows `names` and nothing else."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def given(option: str, name: str) -> Callable[[Any, Any], str]:
    """Return a function that gives a command-line option once for every input of a name."""

    def options(wildcards: Any, input: Any) -> str:
        return " ".join(f"{option} {shlex.quote(path)}" for path in input[name])

    return options
