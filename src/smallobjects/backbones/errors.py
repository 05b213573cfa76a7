"""What is wrong with pretrained weights."""

from typing import TYPE_CHECKING

from smallobjects.errors import BadInputError

if TYPE_CHECKING:
    from torch import Tensor


class ForeignWeightsError(BadInputError):
    """Weights of another network than the one that is asked for."""

    def __init__(
        self, problem: str, remedy: str, weights: "dict[str, Tensor]", share: float
    ) -> None:
        """Say what does not fit, and what to do.

        Args:
            problem: begins with the file's name.
            remedy: what the message ends with.
            weights: those in the file.
            share: of the names and shapes in file and network together, those that are in both.
        """
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.weights = weights
        self.share = share
