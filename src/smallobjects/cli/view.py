"""The subcommand that shows predictions and their scores in a browser."""

from pathlib import Path

import click

from smallobjects.cli.serving import address_options, serve
from smallobjects.command_options import EXISTING_FILE, EXISTING_FOLDER


@click.command()
@click.option(
    "--predictions",
    required=True,
    type=EXISTING_FOLDER,
    help="Predicted classes, <id>.png, or labels of a training set.",
)
@click.option(
    "--scores",
    required=True,
    type=EXISTING_FILE,
    help="instances.parquet of these predictions (score --instances-output).",
)
@click.option("--dataset", type=EXISTING_FOLDER, help="Prepared dataset that was scored.")
@click.option("--images", type=EXISTING_FOLDER, help="In place of --dataset: the images,")
@click.option("--semantic", type=EXISTING_FOLDER, help="their class masks,")
@click.option("--instances", type=EXISTING_FOLDER, help="and their instance masks.")
@click.option(
    "--names",
    type=EXISTING_FILE,
    help="Names of the classes of such folders, one a line, the background first.",
)
@address_options(port=8152)
def view(
    predictions: Path,
    scores: Path,
    dataset: Path | None,
    images: Path | None,
    semantic: Path | None,
    instances: Path | None,
    names: Path | None,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
) -> None:
    """Look at predictions: their scored instances, and the images behind each. Nothing is changed.

    The ground truth is a prepared dataset, or three folders as `score` takes them.
    """
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.image_lists import read_lines
    from smallobjects.viewer.pages import application
    from smallobjects.viewer.pictures import of_dataset, of_folders
    from smallobjects.viewer.rows import ViewError, read_rows

    folders = (images, semantic, instances)
    if (dataset is None) == (None in folders) or (dataset and any(folders)):
        raise click.UsageError("give --dataset, or --images, --semantic and --instances")
    try:
        rows = read_rows(scores)
        classes = 1 + int(rows.columns["class_id"].max(initial=0))
        if dataset:
            pictures = of_dataset(dataset, predictions)
        else:
            named = read_lines(names) if names else ["background"]
            pictures = of_folders(images, semantic, instances, predictions, named, classes)
    except (ViewError, DatasetError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    if classes > len(pictures.class_names):
        raise click.ClickException(
            f"{scores}: has class {classes - 1}, but {dataset} has {len(pictures.class_names)} "
            "classes; name the dataset that was scored"
        )
    click.echo(f"{len(rows):,} instances")
    serve(
        lambda guard: application(pictures, rows, str(predictions), guard), host, port, allow_host
    )
