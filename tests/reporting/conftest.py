"""Summaries on disk, the cells that name them, and a LaTeX compiler."""

import json
import os
import shutil
import subprocess

import pandas as pd
import pytest

from smallobjects.datasets.prepared import FORMAT

METRICS = ("miou", "ia_miou", "ia_s", "ia_m", "ia_l")


@pytest.fixture
def write_summary(tmp_path):
    """Write a summary.json with scores in percent; return its path."""

    def write(name, values, instances=7):
        path = tmp_path / "scores" / name / "summary.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        scores = {
            metric: None if value is None else value / 100
            for metric, value in zip(METRICS, values, strict=True)
        }
        path.write_text(json.dumps(scores | {"instances": {"total": instances}}))
        return path

    return write


@pytest.fixture
def make_cell():
    def make(paths, **changes):
        cell = {
            "supervision": "image",
            "labels": "irn",
            "labels_title": "IRN",
            "segmentor": "deeplabv2",
            "segmentor_title": "DeepLabV2",
            "dataset": "voc",
            "dataset_title": "PASCAL VOC",
            "loss": "ce",
            "scores": {str(seed): str(path) for seed, path in enumerate(paths)},
        }
        return cell | changes

    return make


@pytest.fixture
def prepared(tmp_path):
    """Make a prepared dataset with given counts by size in `val`, and one more image outside."""

    def make(name, large, medium, small):
        root = tmp_path / name
        (root / "splits").mkdir(parents=True)
        (root / "dataset.json").write_text(json.dumps({"format": FORMAT}))
        (root / "splits" / "val.txt").write_text("a\nb\nempty\n")
        (root / "splits" / "train.txt").write_text("c\n")
        sizes = ["large"] * large + ["medium"] * medium + ["small"] * small
        images = ["a" if k % 3 else "b" for k in range(len(sizes))]
        table = pd.DataFrame({"image": [*images, "c"], "size": [*sizes, "small"]})
        table.to_parquet(root / "instances.parquet")
        return root

    return make


@pytest.fixture(scope="session")
def compile_latex(tmp_path_factory):
    """Compile a document that reads the given .tex files, with the packages that they ask for."""
    compiler = shutil.which("pdflatex")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("pdflatex is missing: install texlive-latex-base and -recommended")
        pytest.skip("no pdflatex")

    def run(*tables, document_class="article"):
        folder = tmp_path_factory.mktemp("latex")
        inputs = "\n".join(rf"\input{{{table}}}" for table in tables)
        (folder / "document.tex").write_text(
            rf"\documentclass{{{document_class}}}"
            "\n\\usepackage{booktabs}\n\\usepackage{graphicx}\n"
            rf"\begin{{document}}{inputs}\end{{document}}"
        )
        done = subprocess.run(
            [compiler, "-interaction=nonstopmode", "-halt-on-error", "document.tex"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert (folder / "document.pdf").stat().st_size > 1000
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tex_rows():
    """The lines of a tabular as lists of cells, rules left out."""

    def parse(latex):
        lines = [line.strip() for line in latex.splitlines() if line.rstrip().endswith(r"\\")]
        return [[cell.strip() for cell in line[:-2].split(" & ")] for line in lines]

    return parse
