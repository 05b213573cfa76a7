"""The `smallobjects` command: one subcommand per stage of the workflow."""

import importlib
from typing import Any

import click

from smallobjects import __version__
from smallobjects.cli.command_files import commands_in, label_modules
from smallobjects.errors import BadInputError
from smallobjects.extras import missing_extra
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


def _modules() -> dict[str, str]:
    """Return the module of every command, in the order of the road."""
    before = {name: f"cli.{module}" for name, module in TO_DATASETS.items()}
    after = {name: f"cli.{module}" for name, module in FROM_LABELS.items()}
    return {**before, **label_modules(), **after}


class _Road(click.Group):
    """A command group that keeps the order of the road and imports a command on use."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadInputError as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            remedy = full_disk(error) or missing_extra(error)
            if remedy is None:
                raise
            raise click.ClickException(remedy) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _modules().get(cmd_name)
        if module is None:
            return None
        found = importlib.import_module(f"smallobjects.{module}")
        return getattr(found, cmd_name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        modules = _modules()
        limit = formatter.width - 6 - max(map(len, modules))
        rows = [
            (name, click.Command(name, help=commands_in(module)[name]).get_short_help_str(limit))
            for name, module in modules.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.command(cls=_Road, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Small objects in weakly-supervised semantic segmentation, stage by stage.

    The workflow (`snakemake`) calls these commands; `snakemake -p` prints each call, so that any
    stage can be run again by hand.
    """
