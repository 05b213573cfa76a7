"""What `tune-thresholds` reads of the configuration, and what it writes and prints."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.publishing import publish_file

if TYPE_CHECKING:
    from smallobjects.config import Experiment
    from smallobjects.parameters import Parameters
    from smallobjects.pseudo_labels.tuning.trials import Trial


def method_settings(
    experiment: "Experiment", method: str, stage: str, dataset: str
) -> "list[tuple[str, Parameters]]":
    """Return a stage's parameters as they are in use, and as its file has them published.

    Raises:
        ClickException: there is no such method, dataset or stage, or the method's file is refused.
    """
    from smallobjects.config import ConfigError
    from smallobjects.config.errors import validate
    from smallobjects.config.origins import resolve

    try:
        if method not in experiment.available("methods"):
            known = ", ".join(experiment.available("methods"))
            raise ConfigError(f"--method {method}: no file in config/methods; there are {known}")
        in_use = experiment.stages(method, dataset)
        experiment.dataset(dataset)
        file = resolve([experiment.own_layers("methods", method).file], dataset).values
        place = str(experiment.path("methods", method))
        stated = file.get("stages", {})
        published = validate(type(in_use), stated, f"methods.{method}.stages", place)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    if not hasattr(in_use, stage):
        stages = ", ".join(type(in_use).model_fields)
        raise click.ClickException(f"--stage {stage}: {method} has no such stage; it has {stages}")
    return [("in use", getattr(in_use, stage)), ("published", getattr(published, stage))]


def scored_splits(experiment: "Experiment", dataset: str) -> tuple[str, ...]:
    """Return the splits of a dataset whose scores are reported: of labels, and of models."""
    settings = experiment.dataset(dataset)
    found = (settings.label_score, settings.evaluate)
    return tuple(dict.fromkeys(split for split in found if split is not None))


def write_trials(
    output: Path,
    trials: "Sequence[Trial]",
    marked: "Mapping[str, Trial]",
    title: str,
    criterion: str,
) -> None:
    """Print the curve, and write it and its plot beside `output`."""
    from rich.console import Console

    from smallobjects.plot_style import FORMATS, save_figure
    from smallobjects.reporting.output import threshold_trials

    click.echo(title)
    Console().print(threshold_trials.trial_table(trials, criterion, marked))
    with publish_file(output.with_suffix(".csv")) as partial:
        frame = threshold_trials.trial_frame(trials, criterion)
        frame.to_csv(partial, index=False, lineterminator="\n")
    figure = threshold_trials.trial_figure(trials, criterion, marked, title)
    for suffix in FORMATS:
        with publish_file(output.with_suffix(suffix)) as partial:
            save_figure(figure, partial, suffix)


def write_settings(
    output: Path,
    method: str,
    stage: str,
    dataset: str | None,
    marked: "Mapping[str, Trial]",
    images: str,
    criterion: str,
) -> None:
    """Write the chosen thresholds as settings, and print what is gained."""
    from smallobjects.pseudo_labels.tuning.tuned_settings import tuned_settings

    gained = gain_text(marked, criterion)
    origin = [
        f"Thresholds of {method}, to be laid over the configuration: "
        f"snakemake --configfile {output.name}",
        f"Made by: {shlex.join(['smallobjects', *sys.argv[1:]])}",
        f"Chosen on {images}",
        gained,
    ]
    with publish_file(output) as partial:
        text = tuned_settings(method, stage, marked["chosen"].settings, dataset, origin)
        partial.write_text(text, encoding="utf-8")
    click.echo(gained)
    click.echo(f"wrote {output}, and beside it .csv, .png and .pdf")


def gain_text(marked: "Mapping[str, Trial]", criterion: str) -> str:
    """Return what the chosen thresholds reach, beside those in use and the published ones."""
    from smallobjects.reporting.output.threshold_trials import CRITERION_TITLES, percent

    parts = []
    for what, trial in marked.items():
        values = ", ".join(f"{name} {value:g}" for name, value in trial.settings.items())
        parts.append(f"{what}: {values} with {percent(trial.value)}")
    best, used = marked["chosen"].value, marked.get("in use")
    gain = ""
    # Of the other criteria a difference says nothing about how good labels are.
    if criterion == "miou" and used is not None and used.value is not None:
        gain = f" ({100 * (best - used.value):+.1f} points over those in use)"
    return f"{CRITERION_TITLES[criterion]} in percent: {'; '.join(parts)}{gain}"
