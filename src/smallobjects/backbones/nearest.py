"""Which of the project's backbones given weights belong to."""

import warnings
from collections.abc import Callable, Iterable

import torch

from smallobjects.backbones.errors import ForeignWeightsError
from smallobjects.backbones.weight_files import State
from smallobjects.errors import BadInputError

LEAST = 0.5
"""A network of which less fits is not named."""


def nearest_network(
    weights: State, names: Iterable[str], build: Callable[[str, State], object]
) -> tuple[str, float] | None:
    """Return the network that most of the names and shapes of weights fit, and their share.

    Args:
        weights: as they are read from a file.
        names: of the networks, in the order in which equals are preferred.
        build: `build(name, weights)` builds a network with the weights.

    Returns:
        Name and share; None if there is none of which at least `LEAST` fits.
    """
    shares = {name: _share(weights, name, build) for name in names}
    name = max(shares, key=lambda each: shares[each])
    return (name, shares[name]) if shares[name] >= LEAST else None


def _share(weights: State, name: str, build: Callable[[str, State], object]) -> float:
    try:
        # Without memory for the weights, which then cannot be copied either.
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            build(name, weights)
    except ForeignWeightsError as error:
        return error.share
    except BadInputError:
        return 0.0
    return 1.0
