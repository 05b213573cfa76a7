"""The whole road on synthetic data: every file of the contracts, and nothing done twice."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from smallobjects.datasets.checks.dataset import check_dataset

CELLS = [
    (dataset, source, loss)
    for dataset in ("voc", "coco", "pascal_b")
    for source in ("irn", "full")
    for loss in ("ce", "sb")
]


def test_the_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.run()


@pytest.mark.parametrize(("dataset", "source", "loss"), CELLS)
def test_a_cell_has_its_scores(finished, dataset, source, loss):
    folder = finished.folder / f"results/demo/scores/{dataset}/{source}/deeplabv2/{loss}/seed0"
    rows = pd.read_parquet(folder / "instances.parquet")
    summary = json.loads((folder / "summary.json").read_text())
    confusion = np.load(folder / "confusion.npy")
    foreground = rows[rows.class_id > 0]
    assert len(foreground) == summary["instances"]["total"] > 0
    union = confusion[:, :-1].sum(0) + confusion.sum(1) - np.diag(confusion)
    present = union > 0
    miou = (np.diag(confusion)[present] / union[present]).mean()
    assert summary["miou"] == pytest.approx(miou)
    assert summary["ia_miou"] == pytest.approx(rows.groupby("class_id").iou.mean().mean())


def test_table2_holds_what_was_scored(finished):
    table = pd.read_csv(finished.folder / "results/tables/table2.csv")
    assert list(table) == [
        *("supervision", "labels", "segmentor", "dataset", "loss", "seeds"),
        *("miou", "ia_miou", "ia_s", "ia_m", "ia_l", "instances", "remark"),
    ]
    assert len(table) == len(CELLS)
    for row in table.itertuples():
        cell = f"{row.dataset}/{row.labels}/{row.segmentor}/{row.loss}/seed0"
        path = finished.folder / f"results/demo/scores/{cell}/summary.json"
        summary = json.loads(path.read_text())
        for key in ("miou", "ia_miou", "ia_s", "ia_m", "ia_l"):
            value = np.nan if summary[key] is None else 100 * summary[key]
            assert getattr(row, key) == pytest.approx(value, nan_ok=True)


def test_table1_counts_the_instances_of_the_evaluated_images(finished):
    table = pd.read_csv(finished.folder / "results/tables/table1.csv")
    titles = {"voc": "PASCAL VOC", "coco": "MS COCO", "pascal_b": "PASCAL-B (rebuilt)"}
    for dataset, title in titles.items():
        prepared = finished.folder / f"results/demo/datasets/{dataset}"
        images = (prepared / "splits/val.txt").read_text().split()
        instances = pd.read_parquet(prepared / "instances.parquet")
        sizes = instances[instances.image.isin(images)]["size"].value_counts()
        rows = table[table.dataset.isin([dataset, title])]
        counted = dict(zip(rows["size"].str.lower(), rows["instances"], strict=True))
        for size in ("small", "medium", "large"):
            assert counted[size] == sizes.get(size, 0)


def test_the_figures_describe_every_dataset(finished):
    folder = finished.folder / "results/figures"
    names = {f"figure{k}.{suffix}" for k in (1, 3) for suffix in ("pdf", "png", "csv")}
    assert names <= {path.name for path in folder.iterdir()}
    counts = pd.read_csv(folder / "figure1.csv")
    table = pd.read_csv(finished.folder / "results/tables/table1.csv")
    totals = table[table["size"] == "total"].set_index("dataset")["instances"]
    assert counts.groupby("dataset")["instances"].sum().to_dict() == totals.to_dict()
    samples = pd.read_csv(folder / "figure3.csv")
    assert samples.groupby("dataset").size().to_dict() == dict.fromkeys(totals.index, 4)


def test_prepared_datasets_pass_their_check(finished):
    for dataset in ("voc", "coco"):
        assert list(check_dataset(finished.folder / f"results/demo/datasets/{dataset}")) == []


def test_the_arms_are_continued_from_one_checkpoint(finished):
    folder = finished.folder / "results/demo/segmentors/voc/irn/deeplabv2/seed0"
    names = {path.name for path in folder.glob("*.pth")}
    assert names == {"shared.pth", "ce.pth", "sb.pth"}
    assert not list(folder.glob("*.work")), "scratch is removed at the end"


def test_manifests_tell_how_labels_were_made(finished):
    for source in ("irn", "full"):
        path = finished.folder / f"results/demo/pseudo_labels/voc/{source}/manifest.json"
        manifest = json.loads(path.read_text())
        assert manifest["source"] == source
        labels = list(path.parent.glob("labels/*.png"))
        assert manifest["images"] == len(labels) == 24


def test_the_tables_compile(finished, latex):
    """The tables in a document, through a real LaTeX."""
    tables = finished.folder / "results/tables"
    document = tables.parent / "document.tex"
    document.write_text(
        r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
        rf"\input{{{tables / 'table1.tex'}}}\input{{{tables / 'table2.tex'}}}"
        rf"\input{{{tables / 'supplement_table2.tex'}}}\end{{document}}"
    )
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", document.name]
    done = subprocess.run(command, cwd=document.parent, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "demo" in (tables / "table2.tex").read_text()
