"""Pages of the report: tables that can be sorted, runtimes, the settings of the experiment."""

import json
from pathlib import Path

import click

from smallobjects.cli.reporting import json_content, scale_option
from smallobjects.command_options import EXISTING_FILE, EXISTING_FOLDER, NEW_FILE
from smallobjects.plot_style import FORMATS, save_figure
from smallobjects.publishing import publish_file


@click.command()
@click.argument("tables", nargs=-1, required=True, type=EXISTING_FILE)
@scale_option
def html_tables(tables: tuple[Path, ...], scale: str) -> None:
    """Write a page of sortable tables beside the csv file of each of TABLES.

    A page needs no other file and no network.
    """
    from smallobjects.reporting.output.html_page import table_page
    from smallobjects.reporting.output.html_tables import sortable_tables
    from smallobjects.reporting.output.latex import scale_text

    for path in tables:
        try:
            title, shown = sortable_tables(path)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        output = path.with_suffix(".html")
        with publish_file(output) as partial:
            partial.write_text(table_page(title, shown, scale_text(scale)), encoding="utf-8")
        click.echo(f"wrote {output}")


@click.command()
@click.option(
    "--benchmarks", required=True, type=EXISTING_FOLDER, help="Folder of Snakemake's benchmarks."
)
@scale_option
@click.option(
    "--table", required=True, type=NEW_FILE, help="The .csv file to write: time by rule and source."
)
@click.option(
    "--figure", required=True, type=NEW_FILE, help="The .pdf file to write; a .png goes beside it."
)
def runtimes(benchmarks: Path, scale: str, table: Path, figure: Path) -> None:
    """Add up how long the jobs of each rule took, dataset by dataset and source by source."""
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.tables.runtimes import read_runtimes, runtime_figure

    try:
        found = read_runtimes(benchmarks)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    with publish_file(table) as partial:
        found.to_csv(partial, index=False, lineterminator="\n")
    drawn = runtime_figure(found, scale_text(scale))
    for suffix in FORMATS:
        with publish_file(figure.with_suffix(suffix)) as partial:
            save_figure(drawn, partial, suffix)
    click.echo(f"wrote {table} and {figure}")


@click.command()
@click.option("--values", required=True, metavar="JSON", help="The experiment, or @FILE.")
@click.option(
    "--folder",
    required=True,
    type=EXISTING_FOLDER,
    help="The folder of datasets, methods, segmentors and scales.",
)
@click.option("--output", required=True, type=NEW_FILE, help="The .html file to write.")
def resolved_settings(values: str, folder: Path, output: Path) -> None:
    """Write every setting of an experiment, as it is run, to a page that needs no other file."""
    from smallobjects.config import ConfigError, Experiment
    from smallobjects.reporting.output.html_page import text_page
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.tables import resolved_settings as settings

    try:
        experiment = Experiment(json.loads(json_content(values, "--values")), folder)
        parts = settings.resolved_settings(experiment)
    except (ConfigError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    page = text_page("Configuration", parts, scale_text(experiment.config.scale))
    with publish_file(output) as partial:
        partial.write_text(page, encoding="utf-8")
    click.echo(f"wrote {output}")
