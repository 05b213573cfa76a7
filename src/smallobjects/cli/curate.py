"""Subcommands of the manual filter of PASCAL-B: look at candidates, and export what was decided."""

from pathlib import Path

import click

from smallobjects.cli.serving import address_options, serve
from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    parameters_option,
)
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.publishing import publish_file

folder_option = click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the review: decisions.sqlite is what people decided, keep it; "
    "candidates.sqlite is made anew when it is missing.",
)
candidates_option = click.option(
    "--candidates", required=True, type=EXISTING_FILE, help="Table that find-candidates wrote."
)
raw_option = click.option(
    "--raw", required=True, type=EXISTING_FOLDER, help="Folder of LVIS and COCO data, with images."
)


@click.command()
@candidates_option
@raw_option
@parameters_option(LvisParameters)
@folder_option
@address_options(port=8151)
def curate(
    candidates: Path,
    raw: Path,
    parameters: LvisParameters,
    folder: Path,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
) -> None:
    """Accept or reject candidates for PASCAL-B in a browser, several people at once.

    Every verdict is on the disk before the page is told so. --parameters are those of
    find-candidates.
    """
    from smallobjects.curation.catalog import open_catalog
    from smallobjects.curation.errors import CurationError
    from smallobjects.curation.pages import application
    from smallobjects.curation.store import Store
    from smallobjects.datasets.errors import DatasetError

    path = folder / "candidates.sqlite"
    if not path.is_file():
        click.echo(f"Reading the annotations of the candidates into {path}, once …")
    try:
        catalog, made = open_catalog(path, candidates, raw, parameters)
        store = Store.open(folder / "decisions.sqlite", catalog)
    except (CurationError, DatasetError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(catalog):,} candidates ({'newly read' if made else 'as read before'})")
    serve(lambda guard: application(store, guard), host, port, allow_host)


@click.command()
@folder_option
@click.option("--output", required=True, type=NEW_FILE, help="Decisions file (.csv) to write.")
@click.option(
    "--boxes-output", type=NEW_FILE, help="CSV file to write: boxes of objects not annotated."
)
@click.option(
    "--leave-out-unsettled",
    is_flag=True,
    help="Leave out images on which reviewers disagree and that nobody settled.",
)
def export_decisions(
    folder: Path, output: Path, boxes_output: Path | None, leave_out_unsettled: bool
) -> None:
    """Write the decisions file that select-images reads, and say how well reviewers agree."""
    from smallobjects.curation.agreement import agreements
    from smallobjects.curation.catalog import Catalog
    from smallobjects.curation.errors import CurationError
    from smallobjects.curation.export import export
    from smallobjects.curation.store import Store

    if output.suffix != ".csv":
        raise click.BadParameter(f"{output} does not end in .csv", param_hint="--output")
    for name in ("decisions.sqlite", "candidates.sqlite"):
        if not (folder / name).is_file():
            raise click.ClickException(
                f"{folder / name}: no such file; `smallobjects curate` makes it"
            )
    try:
        store = Store.open_to_read(
            folder / "decisions.sqlite", Catalog(folder / "candidates.sqlite", folder)
        )
        with store.connect() as connection:
            exported = export(connection, leave_out_unsettled=leave_out_unsettled)
            pairs = agreements(connection)
    except CurationError as error:
        raise click.ClickException(f"{folder}: {error}") from error
    files = [(output, exported.decisions)]
    if boxes_output:
        files.append((boxes_output, exported.boxes))
    for path, text in files:
        with publish_file(path) as partial:
            partial.write_text(text, encoding="utf-8")
    click.echo(
        f"{exported.accepted} images accepted, {exported.rejected} rejected, "
        f"{exported.left_out} left out as not settled: {output}"
    )
    for pair in pairs:
        kappa = "not defined" if pair.kappa is None else f"{pair.kappa:.3f}"
        click.echo(
            f"{pair.first} and {pair.second}: {pair.images} images in common, agreement "
            f"{100 * pair.observed:.1f} %, Cohen's kappa {kappa}"
        )
