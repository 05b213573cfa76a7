"""Commands are found and described without importing them, as click itself has them."""

import importlib
import subprocess
import sys

import click
import pytest

from smallobjects.cli import FROM_LABELS, TO_DATASETS, main
from smallobjects.cli.command_files import commands_in, label_modules

MODULES = sorted(
    {f"cli.{module}" for module in [*TO_DATASETS.values(), *FROM_LABELS.values()]}
    | set(label_modules().values())
)


@pytest.mark.parametrize("module", MODULES)
def test_a_files_text_says_what_its_commands_are(module):
    found = vars(importlib.import_module(f"smallobjects.{module}")).values()
    commands = {each.name: each for each in found if isinstance(each, click.Command)}
    stated = commands_in(module)
    assert list(stated) == list(commands)
    for name, text in stated.items():
        described = click.Command(name, help=text)
        assert described.get_short_help_str(60) == commands[name].get_short_help_str(60)


def test_every_command_of_a_file_is_listed():
    listed = main.list_commands(click.Context(main))
    assert len(listed) == len(set(listed))
    assert set(listed) == {name for module in MODULES for name in commands_in(module)}
    assert main.get_command(click.Context(main), "no-such-command") is None


def test_the_list_is_shown_without_starting_a_library():
    code = (
        "import sys; from smallobjects.cli import main; "
        "main(['--help'], standalone_mode=False); "
        "heavy = {'numpy', 'pydantic', 'torch'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "train-rca" in done.stdout
