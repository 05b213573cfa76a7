"""The `smallobjects` command: one subcommand per stage of the workflow."""

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import click

from smallobjects import __version__
from smallobjects.errors import BadInputError
from smallobjects.full_disks import full_disk

# Subcommands are imported when they are called: `--help` and the light stages start without torch.
TO_DATASETS = {
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
}
"""Those up to prepared datasets, and their modules in this package."""
FROM_LABELS = {
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
    "new-method": "new_method",
    "settings": "settings",
    "config-schema": "configuration",
}
"""Those that follow when labels are made."""


@cache
def label_commands() -> dict[str, click.Command]:
    """Return the stages of label methods, from `commands.py` in the folder of each, IRN first."""
    from smallobjects import pseudo_labels

    [folder] = pseudo_labels.__path__
    rooms = sorted(path.parent.name for path in Path(folder).glob("*/commands.py"))
    rooms.sort(key=lambda room: room not in ("saliency", "irn"))
    modules = (
        importlib.import_module(f"smallobjects.pseudo_labels.{room}.commands") for room in rooms
    )
    return {
        command.name: command
        for module in modules
        for command in vars(module).values()
        if isinstance(command, click.Command)
    }


class _Road(click.Group):
    """A command group that keeps the order of the road and imports a command on use."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadInputError as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            full = full_disk(error)
            if full is None:
                raise
            raise click.ClickException(full) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*TO_DATASETS, *label_commands(), *FROM_LABELS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = {**TO_DATASETS, **FROM_LABELS}.get(cmd_name)
        if name is None:
            return label_commands().get(cmd_name)
        module = importlib.import_module(f"smallobjects.cli.{name}")
        return getattr(module, cmd_name.replace("-", "_"))


@click.command(cls=_Road, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Small objects in weakly-supervised semantic segmentation, stage by stage.

    The workflow (`snakemake`) calls these commands; `snakemake -p` prints each call, so that any
    stage can be run again by hand.
    """
