"""The subcommand that describes the configuration."""

import json
from pathlib import Path

import click

from smallobjects.config.model import ExperimentConfig
from smallobjects.publishing import publish_file


@click.command()
@click.option("--output", type=click.Path(path_type=Path), help="Write here instead of printing.")
def config_schema(output: Path | None) -> None:
    """Print the JSON schema of config/config.yaml, generated from what validates it."""
    text = json.dumps(ExperimentConfig.model_json_schema(), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    with publish_file(output) as partial:
        partial.write_text(text)
