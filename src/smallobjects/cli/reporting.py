"""Tables from scores, as LaTeX, as csv and in the terminal."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from pydantic import BaseModel, ValidationError

from smallobjects.command_options import EXISTING_FILE, output_option_ending
from smallobjects.publishing import publish_file

if TYPE_CHECKING:
    import pandas as pd

    from smallobjects.reporting.tables.cells import ScoreCells

Model = TypeVar("Model", bound=BaseModel)

WIDTH = 110
"""Columns of a table that is not printed to a terminal."""

scale_option = click.option(
    "--scale", required=True, help="The scale of the results; any but `paper` is named in the text."
)
output_option = output_option_ending(
    ".tex",
    beside="the csv file gets the same name with .csv",
    help="The .tex file to write; the .csv file goes beside it.",
)


@click.command()
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="TITLE=FOLDER=SPLIT",
    help="A column: its title, a prepared dataset, the split to count. May be repeated.",
)
@click.option(
    "--cells", metavar="JSON", help='Columns as JSON: [{"title", "path", "split"}], or @FILE.'
)
@scale_option
@output_option
def table1(datasets: tuple[str, ...], cells: str | None, scale: str, output: Path) -> None:
    """Count instances by size (Table 1 of the supplement) as .tex and .csv."""
    from smallobjects.reporting.output.instance_latex import instance_latex
    from smallobjects.reporting.tables.cells import CountedDatasets
    from smallobjects.reporting.tables.instance_counts import count_instances, selection_notes

    if bool(datasets) == bool(cells):
        raise click.UsageError("name the datasets either with --dataset or with --cells")
    content = json_content(cells, "--cells") if cells else _split_columns(datasets)
    columns = validated(CountedDatasets, content, "--cells" if cells else "--dataset")
    try:
        table = count_instances(columns.root)
        notes = selection_notes(columns.root)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    _write(table, instance_latex(table, scale, notes), output)


rows_option = click.option(
    "--rows",
    required=True,
    metavar="JSON",
    help='The cells: [{"supervision", "labels", "labels_title", "segmentor", "segmentor_title", '
    '"dataset", "dataset_title", "loss", "scores": {seed: summary.json}}], or @FILE.',
)
intervals_option = click.option(
    "--intervals",
    is_flag=True,
    help="Add bootstrap intervals over images, paired for gains; they are made from "
    "instances.parquet and areas.parquet beside each summary.json.",
)


@click.command()
@rows_option
@intervals_option
@scale_option
@output_option
def table2(rows: str, intervals: bool, scale: str, output: Path) -> None:
    """Compare losses for every label source (the paper's main table) as .tex and .csv.

    Scores that do not exist yet are dashes; what makes them is printed, and named in the .tex file.
    """
    from smallobjects.reporting.output.score_latex import score_latex

    _write_scores(rows, intervals, scale, output, score_latex)


@click.command()
@rows_option
@click.option(
    "--published",
    is_flag=True,
    help="Show each score beside the published one that the cells name, with the difference.",
)
@scale_option
@output_option
def supplement_table2(rows: str, published: bool, scale: str, output: Path) -> None:
    """Compare fully supervised networks (Table 2 of the supplement) as .tex and .csv.

    Scores that do not exist yet are dashes, as in `table2`.
    """
    from smallobjects.reporting.output.supplement_latex import published_latex, supplement_latex
    from smallobjects.reporting.tables.published import as_table, beside_published

    cells, table, missing = _read_scores(rows)
    if published:
        beside = beside_published(table, cells.root)
        _write(as_table(beside), published_latex(beside, cells, scale, missing), output)
    else:
        _write(table, supplement_latex(table, cells, scale, missing), output)
    _tell_missing(missing)


@click.command()
@rows_option
@intervals_option
@scale_option
@output_option
def ablation(rows: str, intervals: bool, scale: str, output: Path) -> None:
    """Compare losses one by one, with other τ and λ, as .tex and .csv.

    Scores that do not exist yet are dashes, as in `table2`.
    """
    from smallobjects.reporting.output.ablation_latex import ablation_latex

    _write_scores(rows, intervals, scale, output, ablation_latex)


def _write_scores(
    rows: str, intervals: bool, scale: str, output: Path, latex: Callable[..., str]
) -> None:
    """Read the scores of cells, and publish them as one table."""
    cells, table, missing = _read_scores(rows)
    if intervals:
        from smallobjects.reporting.tables.intervals import with_intervals

        try:
            table = with_intervals(table, cells.root)
        except (ValueError, OSError) as error:
            raise click.ClickException(str(error)) from error
    _write(table, latex(table, cells, scale, missing), output)
    _tell_missing(missing)


def _read_scores(rows: str) -> "tuple[ScoreCells, pd.DataFrame, list[Path]]":
    """Return cells, their score table, and the summaries that are not there."""
    from smallobjects.reporting.tables.cells import ScoreCells
    from smallobjects.reporting.tables.scores import score_table

    cells = validated(ScoreCells, json_content(rows, "--rows"), "--rows")
    try:
        return cells, *score_table(cells.root)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _tell_missing(missing: list[Path]) -> None:
    for path in missing:
        click.echo(f"missing: {path} (make it with: snakemake {path})", err=True)


@click.command()
@click.argument("table", type=EXISTING_FILE)
def show_table(table: Path) -> None:
    """Print the csv file of a table in the terminal."""
    from rich.console import Console

    from smallobjects.reporting.output.terminal import terminal_tables

    try:
        shown = terminal_tables(table)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for part in shown:
        console.print(part)
    files = [path for path in (table, table.with_suffix(".tex")) if path.is_file()]
    click.echo("Files: " + ", ".join(map(str, files)))


def json_content(value: str, option: str) -> str:
    """Return the JSON of an option: the value itself, or the content of the file after an `@`."""
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text()
    except OSError as error:
        raise click.BadParameter(
            f"{value[1:]}: cannot be read ({error.strerror})", param_hint=option
        ) from error


def validated(model: type[Model], content: str | list, option: str) -> Model:
    """Return the content of an option, JSON or what JSON would give, as a `model`."""
    try:
        if isinstance(content, str):
            return model.model_validate_json(content)
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{place}: {first['msg']}" if place else first["msg"]
        raise click.BadParameter(message, param_hint=option) from error


def _split_columns(values: tuple[str, ...]) -> list[dict[str, str]]:
    """Split each TITLE=FOLDER=SPLIT; a title may hold further equals signs."""
    columns = []
    for value in values:
        parts = value.rsplit("=", 2)
        if len(parts) < 3 or not all(parts):
            raise click.BadParameter(f"{value!r} is not TITLE=FOLDER=SPLIT", param_hint="--dataset")
        columns.append(dict(zip(("title", "path", "split"), parts, strict=True)))
    return columns


def _write(table: "pd.DataFrame", latex: str, output: Path) -> None:
    """Publish the csv file and then the .tex file, and name both."""
    csv = output.with_suffix(".csv")
    with publish_file(csv) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")
    with publish_file(output) as partial:
        partial.write_text(latex, encoding="utf-8")
    click.echo(f"wrote {output} and {csv}")
