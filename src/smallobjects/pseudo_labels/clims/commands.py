"""Subcommands of CLIMS: train maps by texts, and a small scorer where there is no CLIP."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    parameters_option,
)
from smallobjects.pseudo_labels.clims.parameters import (
    ClimsParameters,
    LanguageParameters,
    ScorerParameters,
)
from smallobjects.pseudo_labels.stage_options import classifier_option, training_options

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.checkpoint import Checkpoint

language_option = parameters_option(LanguageParameters, "--language")


@click.command()
@training_options(ScorerParameters, "Scorer (.pth)")
@language_option
def train_scorer(
    dataset: Path,
    split: str,
    parameters: ScorerParameters,
    language: LanguageParameters,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    output: Path,
    checkpoint: "Checkpoint",
) -> None:
    """Train the small scorer that stands in for CLIP, on the dataset's boxes."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.clims.dual_encoder import save_dual_encoder
    from smallobjects.pseudo_labels.clims.dual_encoder_training import train_dual_encoder
    from smallobjects.pseudo_labels.devices import select_device

    data = PreparedDataset.open(dataset)
    trained = train_dual_encoder(
        data,
        data.split(split),
        parameters,
        language,
        seed=seed,
        device=select_device(device, threads),
        workers=workers,
        checkpoint=checkpoint,
    )
    save_dual_encoder(output, trained)


@click.command()
@training_options(ClimsParameters, "Classifier (.pth)")
@classifier_option
@click.option(
    "--weights",
    required=True,
    type=EXISTING_FILE,
    help="Of the scorer: CLIP weights, or the output of train-scorer.",
)
@parameters_option(ScorerParameters, "--scorer")
@language_option
def train_clims(
    dataset: Path,
    split: str,
    classifier: Path,
    weights: Path,
    scorer: ScorerParameters,
    language: LanguageParameters,
    parameters: ClimsParameters,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    output: Path,
    checkpoint: "Checkpoint",
) -> None:
    """Train a classifier on by the similarity of masked images and texts."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.cams.classifier import load_classifier, save_classifier
    from smallobjects.pseudo_labels.clims import training
    from smallobjects.pseudo_labels.clims.scoring import load_scorer
    from smallobjects.pseudo_labels.devices import select_device

    data = PreparedDataset.open(dataset)
    chosen = select_device(device, threads)
    trained = training.train_clims(
        data,
        data.split(split),
        load_classifier(classifier, data.num_classes - 1),
        load_scorer(scorer, weights, chosen),
        parameters,
        language,
        seed=seed,
        device=chosen,
        workers=workers,
        checkpoint=checkpoint,
    )
    save_classifier(output, trained)
