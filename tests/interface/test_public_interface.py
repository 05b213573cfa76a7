"""What is public stays: its names and calls, its descriptions, its examples."""

import doctest
import inspect
import sys

import pytest
from public_names import in_packages, lines

PUBLIC = dict(in_packages())


def test_names_and_calls_are_those_that_were_promised(repository):
    """After a change that is meant: `python tests/interface/public_names.py`, and CHANGELOG.md."""
    promised = (repository / "docs" / "interface.txt").read_text().splitlines()
    assert lines() == promised


@pytest.mark.parametrize("name", PUBLIC)
def test_each_has_an_example_that_is_true(name):
    thing = PUBLIC[name]
    module = sys.modules[thing.__module__]
    examples = doctest.DocTestFinder(recurse=False).find(
        thing, name, module=module, globs=vars(module).copy()
    )
    assert [example for each in examples for example in each.examples]
    runner = doctest.DocTestRunner()
    for each in examples:
        assert runner.run(each).failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_each_is_typed_and_says_what_it_takes(name):
    thing = PUBLIC[name]
    call = thing.__init__ if inspect.isclass(thing) else thing
    parameters = [
        each for each in inspect.signature(call).parameters.values() if each.name != "self"
    ]
    assert all(each.annotation is not inspect.Parameter.empty for each in parameters)
    text = inspect.getdoc(thing) + (inspect.getdoc(call) or "")
    missing = [
        each.name for each in parameters
        if f"{each.name}:" not in text and f"{each.name} " not in text
    ]  # fmt: skip
    assert missing == [] or inspect.isclass(thing)


def test_the_version_has_an_entry_in_the_changelog(repository):
    from smallobjects import __version__

    assert f"## {__version__}" in (repository / "CHANGELOG.md").read_text()
