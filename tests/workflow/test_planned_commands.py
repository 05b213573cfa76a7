"""Every command that a plan prints is one that the command line takes, with all its settings."""

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from smallobjects.cli import main
from smallobjects.workflow.snakemake_internals import printed_jobs

SCALES = ["demo", "photos", "paper"]


@pytest.fixture(autouse=True)
def files_that_are_not_there_yet(monkeypatch):
    """Take every path, as nothing of the plan has been made."""
    monkeypatch.setattr(click.Path, "convert", lambda self, value, param, ctx: Path(value))


def commands(repository, scale):
    """The `smallobjects` calls of a plan, without where they print to, each rule's shapes once."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--printshellcmds"]
    command += ["--nocolor", "--config", f"scale={scale}", "losses=[ce, sw, sb]"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    found = {}
    for job in printed_jobs(done.stdout):
        shell = job.body.partition("Shell command: ")[2].partition(" > ")[0].strip()
        if shell.startswith(("smallobjects ", "exec smallobjects ")):
            words = shlex.split(shell.removeprefix("exec "))
            method = job.wildcards.get("source"), job.wildcards.get("dataset")
            found[job.rule, method, job.wildcards.get("loss"), words[1]] = words
    return found


@pytest.mark.parametrize("scale", SCALES)
def test_every_planned_command_is_taken(repository, scale):
    found = commands(repository, scale)
    assert len({words[1] for words in found.values()}) > 35
    refused = {}
    for (rule, *_), words in found.items():
        subcommand = main.get_command(None, words[1])
        try:
            subcommand.make_context(words[1], words[2:])
        except (click.ClickException, click.exceptions.Exit) as error:
            refused.setdefault(rule, f"{words[1]}: {getattr(error, 'message', error)}")
    assert not refused
