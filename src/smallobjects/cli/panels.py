"""Panels: pages of pictures for every model and label source of a dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.reporting import json_content, scale_option, validated
from smallobjects.command_options import NEW_FOLDER, parameters_option, seed_option
from smallobjects.config.panels import PanelSettings
from smallobjects.plot_style import FORMATS, save_figure
from smallobjects.publishing import publish_directory
from smallobjects.reporting.panels.parameters import LabelPages, PanelPages

if TYPE_CHECKING:
    from smallobjects.reporting.panels.page import PictureRow
    from smallobjects.reporting.panels.predictions import Panels, ScoredModel

CONTACT_SHEET = "all"
WARNINGS = "warnings.html"
settings_option = parameters_option(PanelSettings, "--settings")
output_option = click.option(
    "--output",
    required=True,
    type=NEW_FOLDER,
    help="The folder to make: each page as .pdf and .png, and a .csv file of the images.",
)


@click.command()
@click.option(
    "--pages",
    required=True,
    metavar="JSON",
    help='{"dataset": {"title", "path", "split"}, "models": [{"labels", "labels_title", '
    '"segmentor", "segmentor_title", "arms": [{"loss", "predictions", "instances"}]}]}, or @FILE.',
)
@settings_option
@seed_option
@scale_option
@output_option
def panels(pages: str, settings: PanelSettings, seed: int, scale: str, output: Path) -> None:
    """Show image, ground truth and predictions of every model, small objects in red boxes.

    A page per model shows the images whose small objects gain or lose most, and some drawn at
    random; `all` shows every model on one image. Models without predictions or scores are left out
    and named.
    """
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.reporting.panels.predictions import Panels, ScoredModel

    asked = validated(PanelPages, json_content(pages, "--pages"), "--pages")
    models = []
    for model in asked.models:
        needed = [path for arm in model.arms for path in (arm.predictions, arm.instances)]
        missing = [path for path in needed if not path.exists()]
        models += [] if missing else [model]
        for path in missing:
            click.echo(f"missing: {path} (make it with: snakemake {path})", err=True)
    try:
        drawn = Panels(PreparedDataset.open(asked.dataset.path))
        scored = [ScoredModel(model) for model in models]
        with publish_directory(output) as folder:
            _write_models(folder, scored, drawn, asked, settings, seed, scale)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {output}: {len(scored)} pages")


def _write_models(
    folder: Path,
    scored: Sequence["ScoredModel"],
    drawn: "Panels",
    asked: PanelPages,
    settings: PanelSettings,
    seed: int,
    scale: str,
) -> None:
    import pandas as pd

    from smallobjects.reporting.panels.choice import choose_common_image
    from smallobjects.reporting.panels.predictions import (
        contact_rows,
        contact_title,
        model_rows,
        page_title,
    )

    tables = []
    for model in scored:
        table, rows = model_rows(model, drawn, settings.images, seed)
        names = {"labels": model.model.labels, "segmentor": model.model.segmentor}
        tables.append(table.assign(**names))
        _save(folder, model.model.name, page_title(model.model, asked.dataset.title), rows, scale)
    if scored:
        rule = settings.contact_sheet
        image = choose_common_image([model.gains for model in scored], rule, seed)
        rows = contact_rows(scored, drawn, image) if image else []
        title = contact_title(asked.dataset.title, image or "–", rule)
        _save(folder, CONTACT_SHEET, title, rows, scale)
    columns = ["labels", "segmentor", "image", "reasons", "before", "after", "gain"]
    empty = pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)[columns] if tables else empty
    table.to_csv(folder / "images.csv", index=False, lineterminator="\n")


@click.command()
@click.option(
    "--pages",
    required=True,
    metavar="JSON",
    help='{"dataset": {"title", "path", "split"}, "sources": [{"labels", "labels_title", '
    '"folder"}]}, or @FILE.',
)
@settings_option
@seed_option
@scale_option
@output_option
def label_panels(pages: str, settings: PanelSettings, seed: int, scale: str, output: Path) -> None:
    """Show image, activation map, seed, pseudo-label and ground truth of every label source.

    All show the same training images, drawn at random from those with a small object and another
    one, which is in a red box with its IoU. `all` shows every label source on the first of them.
    What their manifests warn of stands below the pictures and in warnings.html.
    """
    import pandas as pd

    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.reporting.output.label_warnings import warning_lines, warnings_page
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.panels.labels import (
        COLUMNS,
        contact_label_rows,
        has_labels,
        label_rows,
        open_stages,
    )
    from smallobjects.reporting.tables.samples import choose_samples

    asked = validated(LabelPages, json_content(pages, "--pages"), "--pages")
    sources = [source for source in asked.sources if has_labels(source)]
    for source in set(asked.sources) - set(sources):
        click.echo(f"missing: {source.folder}/manifest.json", err=True)
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    try:
        dataset = PreparedDataset.open(asked.dataset.path)
        images = choose_samples([asked.dataset], settings.label_images, seed)["image"].tolist()
        with publish_directory(output) as folder:
            for source in sources:
                with open_stages(source) as stages:
                    table, rows = label_rows(stages, dataset, images)
                title = f"Labels of {source.labels_title} for {asked.dataset.title}"
                _save(folder, source.labels, title, rows, scale, warning_lines(source))
                tables.append(table)
            page = warnings_page(sources, asked.dataset.title, scale_text(scale))
            (folder / WARNINGS).write_text(page, encoding="utf-8")
            if sources:
                title = f"Labels of image {images[0]} of {asked.dataset.title}"
                rows = contact_label_rows(sources, dataset, images[0])
                _save(folder, CONTACT_SHEET, title, rows, scale)
            together = pd.concat([each for each in tables if len(each)] or tables)
            together.to_csv(folder / "images.csv", index=False, lineterminator="\n")
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {output}: {len(sources)} pages")


def _save(
    folder: Path,
    name: str,
    title: str,
    rows: Sequence["PictureRow"],
    scale: str,
    warnings: Sequence[str] = (),
) -> None:
    """Write a page in every format; one without rows says so."""
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.panels.page import Picture, PictureRow, page_figure

    nothing = PictureRow((1, 4), (Picture(None, note="no image has a small object"),))
    notes = "\n".join(filter(None, [*warnings, scale_text(scale)]))
    figure = page_figure(title, rows or [nothing], notes)
    for suffix in FORMATS:
        save_figure(figure, folder / f"{name}{suffix}", suffix)
