"""What captions say of the data that an experiment uses."""

from collections.abc import Iterable


def data_used(raw: Iterable[str]) -> str:
    """Return it in some words.

    Args:
        raw: `raw` of every dataset: `synthetic`, `download` or a path.
    """
    kinds = {"synthetic" if value == "synthetic" else "real" for value in raw}
    if kinds == {"synthetic"}:
        return "synthetic data"
    return "real data" if kinds == {"real"} else "synthetic and real data"
