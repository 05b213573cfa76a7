"""Subcommands of CLIMS: train maps by texts, and a small scorer where there is no CLIP."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import EXISTING_FILE, parameters_option
from smallobjects.pseudo_labels.clims.parameters import (
    ClimsParameters,
    LanguageParameters,
    ScorerParameters,
)
from smallobjects.pseudo_labels.stage_options import classifier_option, training_options

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.context import TrainingContext

language_option = parameters_option(LanguageParameters, "--language")


@click.command()
@training_options(ScorerParameters, "Scorer (.pth)")
@language_option
def train_scorer(
    context: "TrainingContext",
    parameters: ScorerParameters,
    language: LanguageParameters,
    output: Path,
) -> None:
    """Train the small scorer that stands in for CLIP, on the dataset's boxes."""
    from smallobjects.pseudo_labels.clims.dual_encoder import save_dual_encoder
    from smallobjects.pseudo_labels.clims.dual_encoder_training import train_dual_encoder

    trained = train_dual_encoder(context, parameters, language)
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
    context: "TrainingContext",
    classifier: Path,
    weights: Path,
    scorer: ScorerParameters,
    language: LanguageParameters,
    parameters: ClimsParameters,
    output: Path,
) -> None:
    """Train a classifier on by the similarity of masked images and texts."""
    from smallobjects.pseudo_labels.cams.classifier import load_classifier, save_classifier
    from smallobjects.pseudo_labels.clims import training
    from smallobjects.pseudo_labels.clims.scoring import load_scorer

    trained = training.train_clims(
        context,
        load_classifier(classifier, context.dataset.num_classes - 1),
        load_scorer(scorer, weights, context.device),
        scorer.training(parameters),
        scorer.language(language),
    )
    save_classifier(output, trained)
