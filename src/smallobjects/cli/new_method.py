"""Subcommand that begins a method of one's own."""

from pathlib import Path

import click

from smallobjects.command_options import EXISTING_FOLDER


@click.command()
@click.argument("name")
@click.option("--title", help="What tables print; by default the name.")
@click.option(
    "--checkout",
    default=".",
    show_default=True,
    type=EXISTING_FOLDER,
    help="The folder with the Snakefile.",
)
def new_method(name: str, title: str | None, checkout: Path) -> None:
    """Begin the label method NAME: write its files, which work, to be filled with what it does."""
    from smallobjects.new_method.writing import new_method

    for path in new_method(checkout, name, title or name):
        click.echo(f"wrote {path}")
    click.echo(
        "It fills shrunk boxes with their class, until you change it. Try it on the demo:\n"
        f"  pytest tests/pseudo_labels/test_{name}.py\n"
        f"  snakemake --config 'matrix=[{{labels: [{name}], segmentors: [deeplabv2]}}]' -- "
        f"results/demo/pseudo_labels/voc/{name}/manifest.json\n"
        'CONTRIBUTING.md, "Add a method", says what each file is for.'
    )
