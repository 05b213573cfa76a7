"""What the matrix takes, and how far it is."""

from pathlib import Path
from typing import Any

import click
import yaml

from smallobjects.cli.options import EXISTING_FILE


@click.command()
@click.option(
    "--configfile",
    "configfiles",
    multiple=True,
    type=EXISTING_FILE,
    help="Laid over config/config.yaml, as with snakemake.",
)
@click.option("--scale", help="The scale, such as paper; that of the configuration by default.")
@click.option(
    "--directory",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where snakemake runs.",
)
@click.option(
    "--config",
    "config",
    default="config/config.yaml",
    show_default=True,
    type=EXISTING_FILE,
    help="The configuration.",
)
def status(configfiles: tuple[Path, ...], scale: str | None, directory: Path, config: Path) -> None:
    """Show how far the matrix is, cell by cell, without starting Snakemake.

    done: scored. running: its next job was begun, and may wait in a queue. incomplete: begun by a
    run that was killed. failed: that job ended badly; the last line of its log is shown. missing:
    that job was not begun.
    """
    from rich.console import Console

    from smallobjects.config import ConfigError, load
    from smallobjects.config.layers import merge
    from smallobjects.overview.grid import details, grid, totals
    from smallobjects.overview.states import Matrix, progress_of_matrix

    changes: dict[str, Any] = {}
    for path in configfiles:
        changes = merge(changes, yaml.safe_load(path.read_text()) or {})
    if scale is not None:
        changes["scale"] = scale
    try:
        matrix = Matrix(load(config, changes), directory)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    found = list(progress_of_matrix(matrix))
    console = Console()
    console.print(grid(found))
    for line in details(found):
        click.echo(line)
    click.echo(totals(found))
    if matrix.locked:
        click.echo(
            "The folder is locked: a run is under way. If none is, it was killed: "
            "`snakemake --unlock`, and start it again."
        )
