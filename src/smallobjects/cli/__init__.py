"""The `smallobjects` command: one subcommand per stage of the workflow."""

import errno
import importlib
from typing import Any

import click

from smallobjects import __version__
from smallobjects.errors import BadInputError

# Subcommands are imported when they are called: `--help` and the light stages start without torch.
COMMANDS = {
    "fetch": "fetching",
    "unpack": "fetching",
    "convert-sbd": "fetching",
    "make-synthetic": "datasets",
    "find-candidates": "selection",
    "curate": "curate",
    "export-decisions": "curate",
    "select-images": "selection",
    "prepare-dataset": "datasets",
    "check": "datasets",
    "train-saliency": "saliency",
    "train-saliency-on-masks": "saliency",
    "make-saliency": "saliency",
    "train-classifier": "pseudo_labels",
    "make-cams": "pseudo_labels",
    "make-rib-cams": "rib",
    "make-seeds": "pseudo_labels",
    "train-amn": "amn",
    "make-amn-cams": "amn",
    "train-edges": "pseudo_labels",
    "walk-labels": "pseudo_labels",
    "cut-objects": "cda",
    "train-pasted-classifier": "cda",
    "train-scorer": "clims",
    "train-clims": "clims",
    "train-edam": "edam",
    "make-edam-cams": "edam",
    "make-edam-labels": "edam",
    "train-nsrom-classifier": "nsrom",
    "train-nsrom-integral": "nsrom",
    "make-nsrom-labels": "nsrom",
    "mine-nsrom-labels": "nsrom",
    "train-rca": "rca",
    "make-rca-labels": "rca",
    "train-box-classifier": "bana",
    "make-bana-labels": "bana",
    "train-detector": "bbam",
    "attribute-boxes": "bbam",
    "make-bbam-labels": "bbam",
    "tune-thresholds": "tuning",
    "gather-labels": "gathering",
    "ground-truth-labels": "label_sources",
    "external-labels": "label_sources",
    "train-segmentor": "segmentation",
    "predict": "segmentation",
    "score": "metrics",
    "curve": "curves",
    "view": "view",
    "table1": "reporting",
    "table2": "reporting",
    "supplement-table2": "reporting",
    "ablation": "reporting",
    "figure1": "figures",
    "figure3": "figures",
    "panels": "panels",
    "label-panels": "panels",
    "plots": "plots",
    "runtimes": "pages",
    "html-tables": "pages",
    "resolved-settings": "pages",
    "show-table": "reporting",
    "plan": "overview",
    "status": "overview",
    "usage": "overview",
    "verify": "verification",
    "config-schema": "configuration",
}


class _Road(click.Group):
    """A command group that keeps the order of the road and imports a command on use."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadInputError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(
                f"{place}the disk is full; make room and start again: what is finished is kept, "
                "and a training goes on from its last checkpoint"
            ) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"smallobjects.cli.{COMMANDS[cmd_name]}")
        return getattr(module, cmd_name.replace("-", "_"))


@click.command(cls=_Road, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Small objects in weakly-supervised semantic segmentation, stage by stage.

    The workflow (`snakemake`) calls these commands; `snakemake -p` prints each call, so that any
    stage can be run again by hand.
    """
