"""What the matrix takes, and how far it is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.experiments import (
    configfiles_option,
    experiment_options,
    load_experiment,
)
from smallobjects.command_options import EXISTING_FOLDER

if TYPE_CHECKING:
    from smallobjects.overview.planned_jobs import PlannedJob


@click.command()
@experiment_options
@click.option(
    "--directory",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where snakemake runs.",
)
def status(configfiles: tuple[Path, ...], scale: str | None, directory: Path, config: Path) -> None:
    """Show how far the matrix is, cell by cell, without starting Snakemake.

    done: scored. running: its next job was begun, and may wait in a queue. incomplete: begun by a
    run that was killed. failed: that job ended badly; the last line of its log is shown. missing:
    that job was not begun. Label sources whose manifest has warnings are named, with what is wrong.
    """
    from rich.console import Console

    from smallobjects.overview.bad_labels import bad_labels
    from smallobjects.overview.grid import details, grids, totals
    from smallobjects.overview.states import Matrix, progress_of_matrix

    matrix = Matrix(load_experiment(config, configfiles, scale), directory)
    found = list(progress_of_matrix(matrix))
    console = Console()
    for table in grids(found, console):
        console.print(table)
    for line in details(found):
        click.echo(line)
    for line in bad_labels(matrix.experiment, directory):
        click.echo(line)
    click.echo(totals(found))
    if matrix.locked:
        click.echo(
            "The folder is locked: a run is under way. If none is, it was killed: "
            "`snakemake --unlock`, and start it again."
        )


@click.command(context_settings={"ignore_unknown_options": True})
@configfiles_option
@click.option(
    "--scale",
    help="The scale, such as paper. By default that of --configfile; else that of the profile "
    "`slurm`, which is paper, and with --local that of the configuration.",
)
@click.option("--local", is_flag=True, help="In hours on this machine, in place of a cluster.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def plan(
    configfiles: tuple[Path, ...], scale: str | None, local: bool, arguments: tuple[str, ...]
) -> None:
    """Show what the matrix takes: jobs, GPU-hours and storage on a cluster, or hours here.

    ARGUMENTS are those of `snakemake`: targets, or --config KEY=VALUE. It starts no job. Unless it
    is --local, it plans with the profile `slurm`. GPU-hours are the time limits of the profile,
    which no job exceeds without a retry; beside them, where jobs of the same rule and dataset have
    run, what those took.
    """
    from rich.console import Console

    from smallobjects.overview.plan import plan_of
    from smallobjects.overview.planned_jobs import (
        PlanError,
        dry_run,
        planned_jobs,
        with_options,
    )
    from smallobjects.overview.tables import plan_tables, saving
    from smallobjects.overview.usage import uses_below

    try:
        given = with_options(list(arguments), configfiles, scale)
        jobs = list(planned_jobs(dry_run(given, local=local)))
    except PlanError as error:
        raise click.ClickException(str(error)) from error
    if local:
        _show_local_plan(jobs)
        return
    uses = [use for folder in _benchmarks(jobs) for use in uses_below(folder)]
    made = plan_of(jobs, uses)
    console = Console()
    for table in plan_tables(made):
        console.print(table)
    click.echo(saving(made.shared))
    click.echo(
        f"Storage: about {made.gigabytes:.0f} GB of results, by estimates for the paper scale; "
        "what is fetched comes on top."
    )


def _show_local_plan(jobs: list["PlannedJob"]) -> None:
    import os

    from rich.console import Console

    from smallobjects.config.layers import read_yaml
    from smallobjects.overview.local_plan import local_plan
    from smallobjects.overview.plan import mean_seconds
    from smallobjects.overview.tables import local_plan_tables, local_sum
    from smallobjects.overview.usage import uses_below

    measured, stated = {}, {}
    for folder in _benchmarks(jobs):
        measured |= mean_seconds(uses_below(folder))
        scale = Path("config/scales", folder.parent.name).with_suffix(".yaml")
        stated |= read_yaml(scale).get("seconds", {})
    made = local_plan(jobs, measured, stated)
    for table in local_plan_tables(made):
        Console().print(table)
    click.echo(local_sum(made, os.cpu_count() or 1))


@click.command()
@experiment_options
@click.option(
    "--results", type=EXISTING_FOLDER, help="Folder of everything that is made, if another."
)
def usage(
    configfiles: tuple[Path, ...], scale: str | None, config: Path, results: Path | None
) -> None:
    """Show what finished jobs took: hours, GPU-hours, CPU-hours and memory, by rule.

    From the benchmark files of the workflow. GPUs and memory asked for are those of the profile
    `slurm` for a first attempt.
    """
    from smallobjects.config.layout import Layout
    from smallobjects.overview.planned_jobs import (
        PlanError,
        dry_run,
        planned_jobs,
        with_options,
    )
    from smallobjects.overview.usage import ended_below, usage_text, uses_below

    experiment = load_experiment(config, configfiles, scale)
    results = results or Path(experiment.config.results)
    scale = experiment.config.scale
    benchmarks = Path(Layout(str(results), scale).benchmarks)
    if not uses_below(benchmarks):
        ended = ", ".join(ended_below(results)) or "none"
        raise click.ClickException(
            f"{benchmarks}: no job has ended there; scales of {results} of which jobs have: {ended}"
        )
    try:
        given = with_options(["--forceall"], configfiles, scale)
        jobs = list(planned_jobs(dry_run(given)))
    except PlanError as error:
        raise click.ClickException(str(error)) from error
    gpus = {job.rule: job.gpus for job in jobs}
    memory = {job.rule: job.memory_mb for job in jobs if job.memory_mb}
    click.echo(usage_text(benchmarks, gpus, memory))


def _benchmarks(jobs: list["PlannedJob"]) -> list[Path]:
    """Return the folders in which is noted what jobs took."""
    return [Path(folder) for folder in sorted({job.benchmarks for job in jobs if job.benchmarks})]
