"""The table of scores that `smallobjects score` prints."""

from rich.console import Console
from rich.table import Table


def print_scores(summary: dict, images: int) -> None:
    """Print the scores in percent, with their intervals and the instances behind each.

    Args:
        summary: what `smallobjects score` writes as JSON.
        images: how many were scored.
    """
    counts = summary["instances"]
    lines = [
        ("mIoU", "miou", ""),
        ("IA-mIoU", "ia_miou", f"{counts['total']:,}"),
        ("IA-mIoU, foreground only", "ia_miou_foreground", f"{counts['total']:,}"),
        ("IA_S (small)", "ia_s", f"{counts['small']:,}"),
        ("IA_M (medium)", "ia_m", f"{counts['medium']:,}"),
        ("IA_L (large)", "ia_l", f"{counts['large']:,}"),
        ("mIoU^I (by image)", "miou_i", ""),
        ("mIoU^C (by class and image)", "miou_c", ""),
    ]
    intervals = summary.get("intervals")
    table = Table("score", title=f"{images:,} images")
    table.add_column("percent", justify="right")
    if intervals:
        table.add_column(f"{100 * summary['bootstrap']['level']:g} % interval", justify="right")
    table.add_column("instances", justify="right")
    for title, key, count in lines:
        value = summary[key]
        cells = [title, "–" if value is None else f"{100 * value:.1f}"]
        if intervals:
            ends = intervals[key]
            cells.append(f"{100 * ends[0]:.1f}–{100 * ends[1]:.1f}" if ends else "–")
        table.add_row(*cells, count)
    Console().print(table)
