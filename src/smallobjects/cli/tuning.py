"""The subcommand that chooses the thresholds of a label stage."""

from pathlib import Path

import click

from smallobjects.cli.experiments import experiment_options, load_experiment
from smallobjects.cli.stage_inputs import THRESHOLDS, StageInputs
from smallobjects.cli.tuned_files import (
    method_settings,
    scored_splits,
    write_settings,
    write_trials,
)
from smallobjects.command_options import (
    EXISTING_FILE,
    dataset_option,
    device_option,
    output_option_ending,
    seed_option,
    threads_option,
)
from smallobjects.pseudo_labels.stage_options import one_line_errors, split_option

GRID = {1: (0.0, 0.95, 0.01), 2: (0.05, 0.6, 0.05)}
"""Lowest, highest and step, by the number of thresholds: two of them cost a CRF each."""


@click.command()
@dataset_option
@split_option
@click.option("--method", required=True, help="The method whose stage it is, such as irn.")
@click.option("--stage", required=True, type=click.Choice(list(THRESHOLDS)), help="The stage.")
@click.option(
    "--cams", multiple=True, type=EXISTING_FILE, help="Maps (.npz) of the method, of every shard."
)
@click.option("--edges", type=EXISTING_FILE, help="Its edges.pth, for --stage random_walk.")
@click.option("--attention", type=EXISTING_FILE, help="Its attention, for --stage scoring.")
@click.option(
    "--by",
    default="masks",
    show_default=True,
    type=click.Choice(["masks", "boxes", "image-labels"]),
    help="What is known of the images: masks: the highest mIoU; boxes: labels that reach as far "
    "as the boxes; image-labels: the threshold that best parts the scores (Otsu).",
)
@click.option(
    "--scored",
    multiple=True,
    help="Split whose scores are reported; may be repeated.  [default: label_score and evaluate]",
)
@click.option(
    "--leave-out-scored", is_flag=True, help="Take the images of --split that are not scored."
)
@click.option(
    "--limit",
    default=150,
    show_default=True,
    type=click.IntRange(min=1),
    help="Images that are drawn.",
)
@click.option(
    "--grid",
    nargs=3,
    type=click.FloatRange(0, 1),
    metavar="FIRST LAST STEP",
    help="The thresholds to try.  [default: 0 0.95 0.01; for seeds 0.05 0.6 0.05]",
)
@click.option(
    "--most-unsure",
    default=0.4,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Of seeds: the share of the pixels that may be left unsure.",
)
@click.option(
    "--all-datasets", is_flag=True, help="Write thresholds for every dataset, not for this one."
)
@experiment_options
@seed_option
@threads_option
@device_option
@output_option_ending(
    ".yaml", beside="curve and plot get the same name", help="The settings (.yaml) to write."
)
@one_line_errors
def tune_thresholds(
    dataset: Path,
    split: str,
    method: str,
    stage: str,
    cams: tuple[Path, ...],
    edges: Path | None,
    attention: Path | None,
    by: str,
    scored: tuple[str, ...],
    leave_out_scored: bool,
    limit: int,
    grid: tuple[float, float, float] | None,
    most_unsure: float,
    all_datasets: bool,
    configfiles: tuple[Path, ...],
    scale: str | None,
    config: Path,
    seed: int,
    threads: int,
    device: str,
    output: Path,
) -> None:
    """Choose the thresholds of a label stage on images that are never scored.

    Writes settings for `snakemake --configfile`, and beside them the whole curve (.csv) and a plot
    (.png, .pdf). Published thresholds belong to the backbone that they were published with.
    """
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.tuning.grid import threshold_grid
    from smallobjects.pseudo_labels.tuning.trials import best_trial, trial_of
    from smallobjects.pseudo_labels.tuning.tuning_images import tuning_images

    names = THRESHOLDS[stage]
    inputs = StageInputs(stage, cams, edges, attention, by)
    inputs.check()
    experiment = load_experiment(config, configfiles, scale)
    data = PreparedDataset.open(dataset)
    settings = method_settings(experiment, method, stage, data.name)
    known = {what: {name: getattr(found, name) for name in names} for what, found in settings}
    others = scored or scored_splits(experiment, data.name)
    image_ids = tuning_images(
        data, split, others, leave_out_scored=leave_out_scored, limit=limit, seed=seed
    )
    further = [value for values in known.values() for value in values.values()]
    thresholds = threshold_grid(*(grid or GRID[len(names)]), further)
    in_use = dict(settings)["in use"]
    trials = inputs.trials(data, image_ids, in_use, thresholds, most_unsure, device, threads)
    marked = {"chosen": best_trial(trials)}
    tried = {what: trial_of(trials, values) for what, values in known.items()}
    # A low threshold above the high one is no pair that is tried.
    marked |= {what: trial for what, trial in tried.items() if trial is not None}
    left_out = f" without the images of {', '.join(others)}" if leave_out_scored else ""
    images = f"{data.name}, split {split}{left_out}: {len(image_ids)} images (seed {seed})"
    write_trials(output, trials, marked, f"{method}, {stage}: {images}", inputs.criterion)
    target = None if all_datasets else data.name
    write_settings(output, method, stage, target, marked, images, inputs.criterion)
