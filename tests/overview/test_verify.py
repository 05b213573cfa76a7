import os

import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.publishing import publish_directory, publish_file
from smallobjects.publishing.checksums import keep_checksums

NOT_OURS = ("README.md", "report.html", ".snakemake_timestamp")
CELL = "voc/irn/deeplabv2/ce/seed0"


@pytest.fixture
def results(tmp_path):
    """A few results of each kind."""
    results = tmp_path / "results"
    keep_checksums(results)
    for name in ("pseudo_labels/voc/irn/labels", f"predictions/{CELL}", "datasets/voc/semantic"):
        with publish_directory(results / "demo" / name) as folder:
            for image in range(4):
                (folder / f"{image}.png").write_bytes(os.urandom(100))
    for name in ("pseudo_labels/voc/irn/cams/1-of-1.npz", f"scores/{CELL}/summary.json"):
        with publish_file(results / "demo" / name) as partial:
            partial.write_bytes(os.urandom(1000))
    with publish_file(results / "tables" / "table2.csv") as partial:
        partial.write_text("a,b\n")
    stamp = "demo/pseudo_labels/voc/irn/labels/.snakemake_timestamp"
    for name in (
        "demo/logs/score.log",
        "demo/benchmarks/score.tsv",
        "report.html",
        stamp,
        "README.md",
    ):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("made by Snakemake")
    return results


def verify(results, *arguments):
    return CliRunner().invoke(main, ["verify", str(results), *arguments])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_untouched_results_are_right(results, workers):
    answer = verify(results, "--workers", workers)
    assert answer.exit_code == 0, answer.output
    assert "15 of 15 files are as they were written" in answer.output
    assert len(answer.stdout.splitlines()) == 1


def test_one_bit_in_any_file_is_found(results):
    for path in sorted(results.rglob("*")):
        if not path.is_file() or path.relative_to(results).parts[0] == "checksums":
            continue
        if {"logs", "benchmarks"} & set(path.parts) or path.name in NOT_OURS:
            continue
        content = path.read_bytes()
        place = len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        answer = verify(results)
        assert answer.exit_code == 1
        assert "changed: not what was written" in answer.output
        assert str(path) in answer.output
        assert "14 of 15 files" in answer.output
        path.write_bytes(content)
    assert verify(results).exit_code == 0


def test_missing_foreign_and_left_over_files_are_told_apart(results):
    labels = results / "demo/pseudo_labels/voc/irn/labels"
    (labels / "2.png").unlink()
    (labels / "mine.png").write_bytes(b"x")
    (labels.parent / ".labels.node-12.partial").mkdir()
    (labels.parent / "edges.pth.work").mkdir()
    answer = verify(results)
    assert answer.exit_code == 1
    sections = answer.stdout.replace(str(results), "").split("\n")
    assert sections[0].startswith("missing")
    assert sections[1] == "  /demo/pseudo_labels/voc/irn/labels/2.png"
    assert sections[2].startswith("unknown")
    assert sections[3] == "  /demo/pseudo_labels/voc/irn/labels/mine.png"
    assert sections[4].startswith("left over")
    assert [line.rpartition("/")[2] for line in sections[5:7]] == [
        ".labels.node-12.partial",
        "edges.pth.work",
    ]


def test_foreign_files_alone_are_no_fault(results):
    (results / "notes.txt").write_text("my own")
    assert verify(results).exit_code == 0


def test_predictions_deleted_after_scoring_are_not_missed(results):
    folder = results / "demo/predictions" / CELL
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    answer = verify(results)
    assert answer.exit_code == 0
    assert "11 of 11" in answer.output


def test_labels_deleted_as_a_whole_are_missed(results):
    folder = results / "demo/pseudo_labels/voc/irn/labels"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert verify(results).exit_code == 1


def test_many_files_are_counted(results):
    for number in range(30):
        (results / f"{number}.txt").write_text("mine")
    answer = verify(results)
    assert "and 10 more" in answer.output
    assert "29.txt" in verify(results, "--all").output


def test_a_folder_without_checksums_is_told_how_to_get_them(tmp_path):
    answer = verify(tmp_path)
    assert answer.exit_code == 1
    assert "keeps no checksums" in answer.output
    assert "Traceback" not in answer.output
