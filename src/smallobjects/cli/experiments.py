"""Options of subcommands that read the whole configuration, as `snakemake` is given it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import EXISTING_FILE

if TYPE_CHECKING:
    from smallobjects.config import Experiment

configfiles_option = click.option(
    "--configfile",
    "configfiles",
    multiple=True,
    type=EXISTING_FILE,
    help="Laid over config/config.yaml, as with snakemake.",
)
scale_of_experiment_option = click.option(
    "--scale", help="The scale, such as paper; that of the configuration by default."
)
config_option = click.option(
    "--config",
    "config",
    default="config/config.yaml",
    show_default=True,
    type=EXISTING_FILE,
    help="The configuration.",
)


def experiment_options(command: Callable) -> Callable:
    """Give a command `configfiles`, `scale` and `config`, for `load_experiment`."""
    return configfiles_option(scale_of_experiment_option(config_option(command)))


def load_experiment(config: Path, configfiles: tuple[Path, ...], scale: str | None) -> "Experiment":
    """Return the experiment that these options name; what is wrong with it ends the command."""
    from smallobjects.config import ConfigError, load

    try:
        return load(config, {} if scale is None else {"scale": scale}, configfiles)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
