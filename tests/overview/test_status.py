"""The state of every cell, read from files as the workflow leaves them."""

import base64
import io
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from rich.console import Console

from smallobjects.cli import main
from smallobjects.config import Cell, load
from smallobjects.overview.grid import grids
from smallobjects.overview.states import Matrix, Progress, State, progress_of_matrix
from smallobjects.workflow.snakemake_internals import incomplete_outputs, remove_incomplete_records

CELL = Cell("voc", "irn", "deeplabv2", "sb")
LABELS = "results/demo/pseudo_labels/voc/irn"
SEGMENTOR = "results/demo/segmentors/voc/irn/deeplabv2/seed0"
NAME = "voc/irn/deeplabv2/sb/seed0"


@pytest.fixture
def experiment(repository):
    """Two label sources on one dataset."""
    matrix = [{"labels": ["irn", "full"], "segmentors": ["deeplabv2"]}]
    return load(repository / "config" / "config.yaml", {"datasets": ["voc"], "matrix": matrix})


@pytest.fixture
def results(tmp_path):
    """A folder in which the labels of IRN are made, and a way to add to it."""

    class Results:
        folder = tmp_path

        def add(self, path, text=""):
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            return target

        def begin(self, output):
            """As Snakemake marks it: long names in folders."""
            name = base64.urlsafe_b64encode(output.encode()).decode()
            parts = [name[i : i + 60] for i in range(0, len(name), 60)]
            self.add("/".join([".snakemake/incomplete", *(f"@{p}" for p in parts[:-1]), parts[-1]]))

        def lock(self):
            self.add(".snakemake/locks/0.output.lock", "results/tables/table2.tex\n")

    made = Results()
    made.add("results/demo/datasets/voc/dataset.json")
    made.add(f"{LABELS}/manifest.json")
    return made


def progress(experiment, results, cell=CELL):
    return Matrix(experiment, results.folder).progress(cell, 0)


def test_a_cell_is_where_its_first_open_stage_is(experiment, results):
    assert progress(experiment, results).state == State.MISSING
    assert progress(experiment, results).stage == "shared phase"
    results.add(f"{SEGMENTOR}/shared.pth")
    assert progress(experiment, results).stage == "training"
    results.add(f"{SEGMENTOR}/sb.pth")
    assert progress(experiment, results).stage == "prediction"
    (results.folder / f"results/demo/predictions/{NAME}").mkdir(parents=True)
    assert progress(experiment, results).stage == "scores"
    results.add(f"results/demo/scores/{NAME}/summary.json")
    assert progress(experiment, results).state == State.DONE


def test_a_training_under_way_shows_its_newest_checkpoint(experiment, results):
    results.begin(f"{SEGMENTOR}/shared.pth")
    results.lock()
    for iteration in (20, 100, 80):
        results.add(f"{SEGMENTOR}/shared.pth.work/abc/iter_{iteration}.pth")
    found = progress(experiment, results)
    assert (found.state, found.iteration) == (State.RUNNING, 100)
    schedule = experiment.segmentor("deeplabv2", "irn", "voc").schedule
    assert found.iterations == schedule.shared_iterations


def test_what_a_killed_run_left_is_incomplete_even_if_its_file_is_there(experiment, results):
    results.add(f"{SEGMENTOR}/shared.pth")
    results.begin(f"{SEGMENTOR}/shared.pth")
    found = progress(experiment, results)
    assert (found.state, found.stage) == (State.INCOMPLETE, "shared phase")


def test_labels_run_as_long_as_any_job_of_their_chain(experiment, results):
    (results.folder / f"{LABELS}/manifest.json").unlink()
    results.begin(f"{LABELS}/cams/1-of-2.npz")
    results.lock()
    assert progress(experiment, results).state == State.RUNNING
    other = progress(experiment, results, CELL._replace(source="full"))
    assert other.state == State.MISSING


def test_a_log_without_a_newer_benchmark_is_a_failure(experiment, results):
    log = results.add(
        "results/demo/logs/train_shared/voc/irn/deeplabv2/seed0.log",
        "iteration 10 of 300\nError: labels: no such folder\n\n",
    )
    found = progress(experiment, results)
    assert found.state == State.FAILED
    assert found.reason == "Error: labels: no such folder"
    assert found.log == "results/demo/logs/train_shared/voc/irn/deeplabv2/seed0.log"
    benchmark = results.add("results/demo/benchmarks/train_shared/voc/irn/deeplabv2/seed0.tsv")
    os.utime(benchmark, (log.stat().st_mtime + 1,) * 2)
    assert progress(experiment, results).state == State.MISSING
    os.utime(benchmark, (log.stat().st_mtime - 1,) * 2)
    assert progress(experiment, results).state == State.FAILED


def test_the_failed_shard_of_a_label_source_is_found(experiment, results):
    (results.folder / f"{LABELS}/manifest.json").unlink()
    results.add("results/demo/logs/make_cams/voc/irn/2-of-2.log", "Killed")
    found = progress(experiment, results)
    assert (found.state, found.stage, found.reason) == (State.FAILED, "labels", "Killed")
    assert found.log.endswith("make_cams/voc/irn/2-of-2.log")


def test_an_evaluation_set_waits_for_the_models_of_its_dataset(repository, results):
    experiment = load(repository / "config" / "config.yaml", {"datasets": ["pascal_b"]})
    results.add("results/demo/datasets/pascal_b/dataset.json")
    found = progress(experiment, results, CELL._replace(dataset="pascal_b"))
    assert found.stage == "shared phase"


def test_markers_are_read_as_snakemake_writes_them(tmp_path):
    from snakemake.persistence.file import FilePersistence

    outputs = {f"{SEGMENTOR}/sb.pth", "results/" + "long/" * 60 + "labels"}
    (tmp_path / ".snakemake").mkdir()
    kept = FilePersistence(path=tmp_path / ".snakemake")
    for output in outputs:
        kept._mark_incomplete(output, None)
    assert incomplete_outputs(tmp_path) == outputs


def test_records_of_interrupted_transfers_are_removed_unless_a_run_is_under_way(tmp_path):
    from snakemake.persistence.file import FilePersistence

    (tmp_path / ".snakemake").mkdir()
    kept = FilePersistence(path=tmp_path / ".snakemake")
    for output in ("data/a.zip.record.json", "data/gone.zip.record.json", "results/labels"):
        kept._mark_incomplete(output, None)
    for name in ("data/a.zip.record.json", "data/b.zip.record.json", "results/labels"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text("")
    assert remove_incomplete_records(tmp_path) == []
    lock.unlink()
    assert remove_incomplete_records(tmp_path) == [
        "data/a.zip.record.json",
        "data/gone.zip.record.json",
    ]
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("[dr]*/*"))
    assert left == ["data/b.zip.record.json", "results/labels"]


def test_the_command_prints_the_grid_and_the_reasons(repository, results, experiment):
    results.add("results/demo/logs/train_shared/voc/irn/deeplabv2/seed0.log", "Error: [x] no GPU")
    results.lock()
    changes = results.add(
        "changes.yaml",
        "datasets: [voc]\nmatrix: [{labels: [irn, full], segmentors: [deeplabv2]}]\n",
    )
    arguments = ["status", "--config", str(repository / "config" / "config.yaml")]
    arguments += ["--configfile", str(changes), "--directory", str(results.folder)]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert "voc sb" in shown.output
    # Both losses wait for the one shared phase.
    assert "failed: shared phase of voc/irn/deeplabv2/seed0 (2 cells): Error: [x] no GPU" in (
        shown.output
    )
    assert "2 failed, 2 missing" in shown.output
    assert "snakemake --unlock" in shown.output


@pytest.mark.parametrize("width", [60, 80, 100, 400])
def test_every_row_can_be_told_apart_in_a_terminal_of_any_width(repository, width):
    datasets = ["voc", "coco", "pascal_b"]
    matrix = [
        {"labels": ["irn", "external:my_labels"], "segmentors": ["deeplabv1", "deeplabv1_resnet"]}
    ]
    external = {"title": "Mine", "supervision": "image", "labels": {"voc": ".", "coco": "."}}
    changes = {"datasets": datasets, "matrix": matrix, "external": {"my_labels": external}}
    changes["losses"] = ["ce", "sw", "sb"]
    experiment = load(repository / "config" / "config.yaml", changes)
    found = [(cell, 0, Progress(State.INCOMPLETE, "data")) for cell in experiment.cells]
    console = Console(width=width, file=io.StringIO())
    for table in grids(found, console):
        console.print(table)
    lines = console.file.getvalue().splitlines()
    rows = [line.split()[:2] for line in lines if "deeplab" in line]
    shown = 1 if width == 400 else len(datasets)
    assert len({tuple(row) for row in rows}) == 4
    assert len(rows) == 4 * shown
    assert width < 80 or console.file.getvalue().count("incomplete") == 36
    assert "external:my_labels" in console.file.getvalue()
    assert "deeplabv1_resnet" in console.file.getvalue()


def test_it_starts_neither_snakemake_nor_torch(experiment, results):
    script = (
        "import sys\nfrom smallobjects.cli import main\n"
        "main(['status', '--config', sys.argv[1], '--directory', sys.argv[2]], "
        "standalone_mode=False)\n"
        "assert not {'snakemake', 'torch', 'pandas'} & set(sys.modules)\n"
    )
    config = experiment.folder / "config.yaml"
    command = [sys.executable, "-c", script, str(config), str(results.folder)]
    subprocess.run(command, check=True, capture_output=True)
    assert len(list(progress_of_matrix(Matrix(experiment, results.folder)))) == 4


def test_bad_labels_are_named_in_one_line_and_old_manifests_pass(repository, results, experiment):
    from smallobjects.overview.bad_labels import bad_labels

    manifest = f"{LABELS}/manifest.json"
    for older in ("", "[]", "{}", '{"warnings": []}'):
        results.add(manifest, older)
        assert list(bad_labels(experiment, results.folder)) == []
    warnings = [{"kind": "mostly_void", "message": "96 % void"}, {"kind": "x", "message": "mIoU 3"}]
    results.add(manifest, json.dumps({"warnings": warnings}))
    [line] = bad_labels(experiment, results.folder)
    assert line == "WARNING: labels of irn for voc: 96 % void; also: mIoU 3"
    changes = results.add(
        "changes.yaml", "datasets: [voc]\nmatrix: [{labels: [irn], segmentors: [fcn]}]"
    )
    arguments = ["status", "--config", str(repository / "config" / "config.yaml")]
    arguments += ["--configfile", str(changes), "--directory", str(results.folder)]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 0, shown.output
    assert line in shown.output.splitlines()
