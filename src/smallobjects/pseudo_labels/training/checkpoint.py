"""What a training of labels' networks keeps on disk, to go on from if it is stopped."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from smallobjects.backbones.torch_files import UNREADABLE, read_torch_file
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.publishing import publish_file
from smallobjects.random_state import random_state, restore_random_state
from smallobjects.termination import TerminatedError, termination_noted


class Stateful(Protocol):
    """What changes in a training: networks and optimisers, and what they are not aware of."""

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take what `state_dict` returned."""


class Checkpoint:
    """The newest state of one training, in a file that is whole or not there."""

    def __init__(self, path: Path, minutes: float) -> None:
        """Set the file and how often it is written.

        Args:
            path: of a training with other settings or inputs, another one.
            minutes: between two writes.
        """
        self._path = path
        self._seconds = 60 * minutes
        self._written = time.monotonic()

    def restore(self, parts: Mapping[str, Stateful], name: str) -> int:
        """Bring the parts of a training, and all random generators, to the state that is kept.

        Args:
            parts: under the names with which they were kept.
            name: what is trained, for the log.

        Returns:
            The steps that stand behind the state: 0 if none is kept.

        Raises:
            BadInputError: the file is not of such a training.
        """
        if not self._path.exists():
            return 0
        remedy = "remove it, and the training starts from the beginning"
        state = read_torch_file(self._path, "a checkpoint of this training", remedy)
        try:
            for part, content in state["parts"].items():
                parts[part].load_state_dict(content)
            restore_random_state(state["random"])
        except UNREADABLE as error:
            reason = str(error).partition("\n")[0]
            raise BadInputError(
                f"{self._path}: cannot go on from this checkpoint ({reason}); {remedy}"
            ) from error
        print(f"{name}: goes on from step {state['steps']}, {self._path}", file=sys.stderr)
        return state["steps"]

    def keep(self, parts: Mapping[str, Stateful], done: int) -> None:
        """Write the state if it is time, or if the training is to end.

        Args:
            parts: by name.
            done: the steps done so far.

        Raises:
            TerminatedError: SIGTERM or Ctrl-C came; the state is written.
        """
        ending = termination_noted()
        if not ending and time.monotonic() - self._written < self._seconds:
            return
        state = {
            "steps": done,
            "parts": {name: part.state_dict() for name, part in parts.items()},
            "random": random_state(),
        }
        with publish_file(self._path) as partial:
            torch.save(state, partial)
        self._written = time.monotonic()
        if ending:
            raise TerminatedError(
                f"stopped as asked after step {done}, which is saved; start again to go on from it"
            )
