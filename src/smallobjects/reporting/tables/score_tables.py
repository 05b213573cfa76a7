"""Tables that `smallobjects score` wrote beside a summary."""

from pathlib import Path

import pandas as pd

from smallobjects.integrity.tables import read_frame
from smallobjects.publishing.checksums import check_recorded


def read_score_table(path: Path) -> pd.DataFrame:
    """Return a table of instances or areas.

    Raises:
        ValueError: it is missing, damaged, or has changed since it was written; the message names
            the file.
    """
    try:
        check_recorded(path)
        return read_frame(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error}); remove it and score again") from error
