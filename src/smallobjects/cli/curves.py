"""IoU against object size, as a curve."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import EXISTING_FILE, NEW_FILE, seed_option
from smallobjects.plot_style import FORMATS, save_figure
from smallobjects.publishing import publish_file

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("image", "class_id", "area", "iou")


def _plot_path(ctx: click.Context, option: click.Parameter, value: Path) -> Path:
    if value.suffix not in FORMATS:
        raise click.BadParameter(f"{value} does not end in {' or '.join(FORMATS)}", ctx, option)
    return value


@click.command()
@click.option(
    "--instances",
    required=True,
    multiple=True,
    type=EXISTING_FILE,
    help="What `score --instances-output` wrote. May be repeated, to compare models.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    help="Name of each --instances, in their order.  [default: its path]",
)
@click.option(
    "--output",
    required=True,
    type=NEW_FILE,
    callback=_plot_path,
    help="The plot to write, .pdf or .png; the .csv file goes beside it.",
)
@click.option("--per-class", is_flag=True, help="A curve for each class as well.")
@click.option(
    "--bins-per-doubling",
    default=2.0,
    show_default=True,
    type=click.FloatRange(min=0.1, max=100),
    help="Bins from an object's side to twice the side.",
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Resamples of the images, for the band.",
)
@click.option(
    "--level",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the resamples in the band.",
)
@seed_option
def curve(
    instances: tuple[Path, ...],
    labels: tuple[str, ...],
    output: Path,
    per_class: bool,
    bins_per_doubling: float,
    resamples: int,
    level: float,
    seed: int,
) -> None:
    """Draw the mean IoU of instances against their size, with a bootstrap band over images.

    Size is the square root of the area in pixels, in bins of equal width on a logarithmic axis. The
    csv file holds every point: label, class (empty: all), bin, number of instances, IoU, band.
    """
    if labels and len(labels) != len(instances):
        raise click.UsageError(
            f"{len(labels)} --label for {len(instances)} --instances; name each of them, or none"
        )
    names = labels or tuple(map(str, instances))
    if len(set(names)) < len(names):
        raise click.UsageError("two --instances have the same name; tell them apart with --label")
    import pandas as pd

    from smallobjects.metrics.bootstrap import Bootstrap
    from smallobjects.metrics.curve_plot import curve_figure
    from smallobjects.metrics.curves import size_curve, size_edges

    try:
        tables = {name: _read_rows(path) for name, path in zip(names, instances, strict=True)}
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    areas = pd.concat([table["area"] for table in tables.values()])
    edges = size_edges(areas.to_numpy(), bins_per_doubling)
    bootstrap = Bootstrap(resamples, seed, level)
    curves = {
        name: size_curve(table, edges, bootstrap, per_class) for name, table in tables.items()
    }
    csv = output.with_suffix(".csv")
    with publish_file(csv) as partial:
        points = pd.concat([table.assign(label=name) for name, table in curves.items()])
        points.insert(0, "label", points.pop("label"))
        points.to_csv(partial, index=False, lineterminator="\n")
    with publish_file(output) as partial:
        save_figure(curve_figure(curves, level), partial, output.suffix)
    click.echo(f"wrote {output} and {csv}")


def _read_rows(path: Path) -> "pd.DataFrame":
    """Read the foreground rows of a file of `score --instances-output`.

    Raises:
        ValueError: it is no such file, or has no instances.
    """
    from smallobjects.integrity.tables import read_frame

    try:
        rows = read_frame(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a Parquet file ({error})") from error
    missing = [column for column in COLUMNS if column not in rows]
    if missing:
        raise ValueError(
            f"{path}: no column {missing[0]!r}; expected what `smallobjects score "
            "--instances-output` writes"
        )
    rows = rows[rows["class_id"] > 0]
    if rows.empty:
        raise ValueError(f"{path}: no instances, so there is no curve")
    return rows
