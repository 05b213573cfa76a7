"""The subcommand that shows settings and where each of them comes from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.experiments import experiment_options, load_experiment

if TYPE_CHECKING:
    pass

USAGE = {
    1: "smallobjects settings DATASET",
    2: "smallobjects settings METHOD DATASET",
    3: "smallobjects settings SEGMENTOR LABELS DATASET",
}


@click.command()
@experiment_options
@click.option("--stage", help="This stage of the method alone.")
@click.argument("names", nargs=-1, required=True, metavar="[[SEGMENTOR] LABELS] DATASET")
def settings(
    configfiles: tuple[Path, ...],
    scale: str | None,
    config: Path,
    stage: str | None,
    names: tuple[str, ...],
) -> None:
    """Show settings as they are used, and the layer that each of them comes from.

    Of a dataset (voc), of a method on a dataset (irn voc), or of a segmentor on labels and a
    dataset (deeplabv3plus irn voc). What is printed is YAML, and gives the settings when it is
    read.
    """
    from smallobjects.config import ConfigError
    from smallobjects.config.shown import show

    if len(names) not in USAGE:
        raise click.UsageError(
            f"{len(names)} names; give one to three: {'; '.join(USAGE.values())}"
        )
    if stage is not None and len(names) != 2:
        raise click.UsageError(f"--stage belongs to a method on a dataset: {USAGE[2]}")
    experiment = load_experiment(config, configfiles, scale)
    try:
        click.echo(show(experiment, names, stage), nl=False)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
