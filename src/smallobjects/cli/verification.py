"""Whether results are still what was written."""

from collections import Counter
from pathlib import Path

import click

from smallobjects.command_options import EXISTING_FOLDER

MOST_SHOWN = 20
"""Files of one kind that are named one by one; the rest is counted."""


@click.command()
@click.argument("results", default="results", type=EXISTING_FOLDER)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that read.",
)
@click.option("--all", "show_all", is_flag=True, help="Name every file.")
def verify(results: Path, workers: int, show_all: bool) -> None:
    """Read all RESULTS and name what changed since it was written, is missing, or does not belong.

    Every run of the workflow keeps the checksums of what it makes in RESULTS/checksums. The command
    changes nothing. It ends with 1 if a file has changed, is missing or cannot be read.
    """
    from smallobjects.overview.verification import (
        REMEDIES,
        expected_files,
        foreign_files,
        verify,
    )
    from smallobjects.progress import progress

    expected = expected_files(results)
    found = [
        finding
        for finding in progress(verify(expected, workers), "verify", len(expected))
        if finding.verdict != "right"
    ]
    found += foreign_files(results, expected)
    for verdict, remedy in REMEDIES.items():
        paths = [finding.path for finding in found if finding.verdict == verdict]
        if not paths:
            continue
        click.echo(f"{verdict}: {remedy}")
        shown = paths if show_all else paths[:MOST_SHOWN]
        for path in shown:
            click.echo(f"  {results / path}")
        if len(paths) > len(shown):
            click.echo(f"  and {len(paths) - len(shown)} more (--all names them)")
    counts = Counter(finding.verdict for finding in found)
    wrong = sum(counts[verdict] for verdict in ("changed", "missing", "unreadable"))
    click.echo(f"{len(expected) - wrong} of {len(expected)} files are as they were written")
    if wrong:
        raise SystemExit(1)
