"""Bit rot in what a whole run made."""

import shutil

import pytest
from click.testing import CliRunner

from smallobjects.cli import main

UNCHECKED = {"logs", "benchmarks", "checksums"}


@pytest.fixture
def results(finished, tmp_path):
    """A copy of all results of a run, without what other tests of it left at their top."""
    others = [path.name for path in (finished.folder / "results").glob("*.*")]
    ignored = shutil.ignore_patterns(*others)
    source = finished.folder / "results"
    return shutil.copytree(source, tmp_path / "results", symlinks=True, ignore=ignored)


def verify(results):
    return CliRunner().invoke(main, ["verify", str(results), "--all"])


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 16
    path.write_bytes(content)


def test_all_that_a_run_made_is_as_it_was_written_and_nothing_else_is_there(results):
    answer = verify(results)
    assert answer.exit_code == 0, answer.output
    assert len(answer.stdout.splitlines()) == 1


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 1.0])
def test_a_flipped_bit_is_found_in_every_kind_of_file(results, place):
    """One file of each suffix in each folder of the road, wherever the bit is."""
    chosen = {}
    for path in sorted(results.rglob("*")):
        parts = path.relative_to(results).parts
        if path.is_symlink() or not path.is_file() or not path.stat().st_size:
            continue
        if not UNCHECKED & set(parts):
            chosen[parts[1], path.suffix] = path
    assert len(chosen) > 15
    for path in chosen.values():
        flip(path, place)
    answer = verify(results)
    assert answer.exit_code == 1
    shown = {line.strip() for line in answer.stdout.splitlines() if line.startswith("  ")}
    assert shown == {str(path) for path in chosen.values()}


def test_tables_refuse_scores_that_have_changed(results):
    from smallobjects.reporting.tables.cells import ScoreCell
    from smallobjects.reporting.tables.scores import score_table

    scores = sorted(results.glob("demo/scores/voc/irn/*/ce/seed0/summary.json"))[0]
    cell = ScoreCell(
        supervision="image",
        labels="irn",
        labels_title="IRN",
        segmentor="deeplabv2",
        segmentor_title="DeepLabV2",
        dataset="voc",
        dataset_title="VOC",
        loss="ce",
        scores={0: scores},
    )
    table, missing = score_table([cell])
    assert (len(table), missing) == (1, [])
    text = scores.read_text()
    scores.write_text(text.replace("1", "2", 1))
    with pytest.raises(ValueError, match="has changed since it was written"):
        score_table([cell])
