"""Runtimes, from benchmark files as Snakemake writes them."""

import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.reporting.tables.runtimes import COLUMNS, read_runtimes, runtime_figure

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    folder = tmp_path / "benchmarks"
    jobs = {
        "make_cams/voc/irn/1-of-2": (6.0, 400.0, 5.0),
        "make_cams/voc/irn/2-of-2": (4.0, 500.0, 3.0),
        "make_cams/coco/irn/1-of-2": (1.0, 300.0, 2.0),
        "prepare_dataset/voc": (0.2, "-", "-"),
        "table1": (9.0, 100.0, 9.0),
    }
    for name, (seconds, memory, cpu) in jobs.items():
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{seconds}\t0:00:00\t{memory}\t1\t1\t1\t0\t0\t9\t{cpu}\n"
        path.write_text(HEAD + line)
    return folder


def test_jobs_are_added_up_by_rule_and_source(benchmarks):
    table = read_runtimes(benchmarks)
    assert tuple(table.columns) == COLUMNS
    rows = {row[:3]: row[3:] for row in table.itertuples(index=False, name=None)}
    assert rows[("make_cams", "voc", "irn")] == (2, 10.0, 8.0, 500.0)
    assert rows[("make_cams", "coco", "irn")] == (1, 1.0, 2.0, 300.0)
    jobs, seconds, cpu, memory = rows[("prepare_dataset", "voc", "")]
    assert (jobs, seconds) == (1, 0.2)
    assert cpu != cpu, "too short to be measured"
    assert memory != memory
    assert len(rows) == 3, "a whole table is not among them"


def test_bars_add_up_to_the_processor_time(benchmarks):
    axes = runtime_figure(read_runtimes(benchmarks)).axes[0]
    rules = [label.get_text() for label in axes.get_yticklabels()]
    widths = dict.fromkeys(rules, 0.0)
    for bar in axes.patches:
        widths[rules[round(bar.get_y() + bar.get_height() / 2)]] += bar.get_width() * 60
    assert widths == pytest.approx({"make_cams": 10.0, "prepare_dataset": 0.0})


def test_the_command_names_a_damaged_file(benchmarks, tmp_path):
    arguments = ["runtimes", "--benchmarks", benchmarks, "--scale", "demo"]
    arguments += ["--table", tmp_path / "t.csv", "--figure", tmp_path / "f.pdf"]
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "f.png").is_file()
    assert (tmp_path / "f.pdf").is_file()
    (benchmarks / "make_cams/voc/irn/1-of-2.tsv").write_text("s\n")
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code != 0
    assert "1-of-2.tsv: not a benchmark" in result.output


def test_nothing_was_run(tmp_path):
    table = read_runtimes(tmp_path)
    assert table.empty
    runtime_figure(table)
