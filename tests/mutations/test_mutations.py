"""Bad input ends in one line, whatever it is: no traceback, no half output, nothing misread.

`MUTATIONS=20000 pytest tests/mutations` makes a longer run, `MUTATION_SEED` another one.
"""

import hashlib
import os
import random
import shutil
import signal
import traceback
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from inputs import all_inputs
from mutation_input import Input, run

from smallobjects.fetching import fetch

TOTAL = int(os.environ.get("MUTATIONS", "3000"))
SEED = int(os.environ.get("MUTATION_SEED", "0"))
SECONDS = 30
"""After which a command counts as hanging."""
KINDS = 29

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def inputs(realdata, tmp_path_factory) -> dict[str, Input]:
    folder = tmp_path_factory.mktemp("inputs")
    return {each.name: each for each in all_inputs(realdata, folder)}


@pytest.fixture(autouse=True)
def unhurried_servers(monkeypatch):
    """Ask servers again at once."""
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)


@contextmanager
def time_limit(seconds: int):
    """Raise in this thread if the block takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def digest(outputs: list[Path]) -> str:
    """One checksum of all that a command wrote."""
    found = hashlib.sha256()
    for output in outputs:
        files = sorted(output.rglob("*")) if output.is_dir() else [output]
        for path in files:
            if path.is_file() and path.name not in ("dataset.json", "manifest.json"):
                found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def remove(outputs: list[Path]) -> None:
    for output in outputs:
        if output.is_dir():
            shutil.rmtree(output)
        else:
            output.unlink(missing_ok=True)


def wrong(each: Input, whole: str) -> str:
    """Return what is wrong with how a command answers to what is there now; "" if nothing."""
    with time_limit(SECONDS):
        result = run(each.command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    if "Traceback" in result.output:
        return f"a traceback is printed: {result.output}"
    if result.exit_code == 0:
        if not all(output.exists() for output in each.outputs):
            return "it ended well without an output"
        if each.exact and digest(each.outputs) != whole:
            return "it was accepted, and read as something else"
        return ""
    if any(output.exists() for output in each.outputs):
        return f"it failed and left an output: {result.output}"
    if each.continues:
        return ""
    leftover = [path for output in each.outputs for path in output.parent.glob(".*")]
    if leftover:
        return f"it failed and left {leftover}"
    message = result.stderr.strip().rpartition("\nError: ")[2]
    if not any(name in message for name in (each.path.name, each.path.stem, *each.also_named)):
        return f"the message does not name {each.path.name}: {result.output}"
    return ""


@pytest.mark.parametrize("place", range(KINDS))
def test_mutated_input_is_read_rightly_or_refused_by_name(inputs, place, record_property):
    each = list(inputs.values())[place]
    rng = random.Random(f"{SEED} {each.name}")
    content = each.path.read_bytes()
    remove(each.outputs)
    done = run(each.command)
    assert done.exit_code == 0, done.output
    whole = digest(each.outputs)
    answers, faults = Counter(), {}
    for number in range(TOTAL // KINDS):
        mutate = each.mutators[number % len(each.mutators)]
        changed = mutate(content, rng)
        each.path.write_bytes(changed)
        remove(each.outputs)
        try:
            fault = wrong(each, whole)
        except TimeoutError as error:
            fault = str(error)
        accepted = all(output.exists() for output in each.outputs)
        answers["accepted" if accepted else "refused"] += 1
        if fault:
            faults.setdefault(
                fault.strip().splitlines()[-1][:300], (number, mutate.__name__, fault)
            )
    each.path.write_bytes(content)
    record_property("answers", dict(answers))
    print(f"{each.name}: {dict(answers)}")
    report = "\n\n".join(
        f"{each.name}, mutation {number} ({kind}):\n{fault}"
        for number, kind, fault in faults.values()
    )
    assert not faults, f"{len(faults)} kinds of faults\n{report}"


def test_every_kind_of_input_is_tried(inputs):
    assert len(inputs) == KINDS
