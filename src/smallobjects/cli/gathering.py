"""The subcommand with which every method of this package ends: shards into one label folder."""

import json
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from smallobjects.cli.label_sources import labels_option, manifest_option, score_split_option
from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    dataset_option,
    refused_settings,
    seed_option,
)
from smallobjects.parameters import Parameters
from smallobjects.pseudo_labels.attention.parameters import ScoringParameters
from smallobjects.pseudo_labels.parameters import CamParameters
from smallobjects.pseudo_labels.stage_options import one_line_errors, split_option

Stage = TypeVar("Stage", bound=Parameters)


def _json_object(ctx: click.Context, option: click.Parameter, value: str) -> dict[str, Any]:
    try:
        content = json.loads(value)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"not JSON: {error}", ctx=ctx, param=option) from error
    if not isinstance(content, dict):
        raise click.BadParameter("not a JSON object", ctx=ctx, param=option)
    return content


def _stage(model: type[Stage], parameters: dict[str, Any], name: str) -> Stage:
    """Return the settings of a stage, on which a score depends."""
    try:
        return model.model_validate(parameters.get(name, {}))
    except ValidationError as error:
        raise refused_settings(model, error, name, param_hint="'--parameters'") from error


@click.command()
@dataset_option
@split_option
@score_split_option
@click.option("--source", required=True, help="Name of the label source, such as irn.")
@click.option(
    "--cams",
    multiple=True,
    type=EXISTING_FILE,
    help="Output of make-cams, once for each shard, to score the maps too.",
)
@click.option(
    "--attention",
    type=EXISTING_FILE,
    help="Attention maps of NS-ROM or RCA (.npz), to score them too.",
)
@click.option(
    "--stage",
    "stage_parts",
    nargs=2,
    multiple=True,
    type=(str, EXISTING_FILE),
    metavar="NAME ZIP",
    help="Labels of an earlier stage, to be scored too; once for each stage and shard.",
)
@click.option(
    "--filled-boxes", is_flag=True, help="Score boxes that are filled with their class too."
)
@click.option(
    "--parts",
    required=True,
    multiple=True,
    type=EXISTING_FILE,
    help="Zip of <id>.png; once for each shard.",
)
@click.option(
    "--parameters",
    default="{}",
    callback=_json_object,
    metavar="JSON",
    help="Settings of all stages, to be recorded.",
)
@click.option(
    "--saliency",
    type=EXISTING_FOLDER,
    help="Output of make-saliency that the labels are made with, to record its origin.",
)
@seed_option
@labels_option
@manifest_option
@one_line_errors
def gather_labels(
    dataset: Path,
    split: str,
    score_split: str,
    source: str,
    cams: tuple[Path, ...],
    attention: Path | None,
    stage_parts: tuple[tuple[str, Path], ...],
    filled_boxes: bool,
    parts: tuple[Path, ...],
    parameters: dict[str, Any],
    saliency: Path | None,
    seed: int,
    labels: Path,
    manifest: Path,
) -> None:
    """Gather the labels of all shards into one folder, score them, and write the manifest."""
    from contextlib import ExitStack

    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.boxes import FilledBoxes
    from smallobjects.pseudo_labels.labels.archive import LabelArchives
    from smallobjects.pseudo_labels.labels.manifest import FullSizeLabel
    from smallobjects.pseudo_labels.labels.source import publish_source

    data = PreparedDataset.open(dataset)
    image_ids = data.split(split)
    with ExitStack() as stack:
        archives = stack.enter_context(LabelArchives(list(parts)))
        archives.require(image_ids)
        stages: dict[str, FullSizeLabel] = {}
        if cams:
            from smallobjects.pseudo_labels.cams.scores import CamLabels
            from smallobjects.pseudo_labels.cams.stores import CamStores

            threshold = _stage(CamParameters, parameters, "cam").evaluation_threshold
            stores = stack.enter_context(CamStores(list(cams)))
            stages["cam"] = CamLabels(data, stores, threshold)
        if attention is not None:
            from smallobjects.pseudo_labels.attention.scores import AttentionLabels
            from smallobjects.pseudo_labels.attention.store import read_attention

            scoring = _stage(ScoringParameters, parameters, "scoring")
            maps = read_attention(attention, data.split(score_split))
            stages["cam"] = AttentionLabels(data, maps, scoring.evaluation_threshold)
        for name in dict.fromkeys(name for name, _ in stage_parts):
            paths = [path for other, path in stage_parts if other == name]
            stages[name] = stack.enter_context(LabelArchives(paths)).read
        if filled_boxes:
            stages["filled_boxes"] = FilledBoxes(data)
        inputs = None
        if saliency is not None:
            from smallobjects.pseudo_labels.saliency.maps import read_origin

            inputs = {"saliency": read_origin(saliency)}
        publish_source(
            data,
            split,
            score_split,
            ((image_id, archives.read(image_id)) for image_id in image_ids),
            source=source,
            parameters=parameters,
            seed=seed,
            folder=labels,
            manifest=manifest,
            stages=stages,
            inputs=inputs,
        )
