"""Tables that `smallobjects score` wrote beside a summary."""

from pathlib import Path

import pandas as pd

from smallobjects.integrity.tables import read_frame


def read_score_table(path: Path) -> pd.DataFrame:
    """Return a table of instances or areas.

    Raises:
        ValueError: it is missing or damaged; the message names the file.
    """
    try:
        return read_frame(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error}); remove it and score again") from error
