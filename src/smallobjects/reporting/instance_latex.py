"""Table 1 in LaTeX: instances by size, as in the paper's supplement."""

from collections.abc import Sequence

import pandas as pd

from smallobjects.reporting.instance_counts import SIZES
from smallobjects.reporting.latex import escape, scale_note, table_environment


def instance_latex(table: pd.DataFrame, scale: str, notes: Sequence[str] = ()) -> str:
    r"""Return Table 1: a row per size, a column per dataset, such as `1,668 (49.0\%)`.

    Args:
        table: the columns of `smallobjects.reporting.instance_counts.COLUMNS`.
        scale: the scale it was made at.
        notes: sentences that the caption adds, as plain text.
    """
    datasets = list(dict.fromkeys(table["dataset"]))
    cells = {
        (row.dataset, row.size): _cell(row.instances, row.share, row.size)
        for row in table.itertuples(index=False)
    }

    def line(title: str, size: str) -> str:
        return " & ".join([title, *(cells[dataset, size] for dataset in datasets)]) + r" \\"

    lines = [
        r"\toprule",
        " & ".join(["Instance size", *map(escape, datasets)]) + r" \\",
        r"\midrule",
        *(line(size.capitalize(), size) for size in SIZES),
        r"\midrule",
        line("Total", "total"),
        r"\bottomrule",
    ]
    caption = "The number of instances by size for each dataset." + scale_note(scale)
    caption = " ".join([caption, *map(escape, notes)])
    columns = "l" + "r" * len(datasets)
    return table_environment("table", caption, "tab:instances", columns, lines)


def _cell(instances: int, share: float, size: str) -> str:
    count = f"{instances:,}"
    return count if size == "total" or pd.isna(share) else rf"{count} ({share:.1f}\%)"
