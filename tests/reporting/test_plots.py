"""The plots: what they draw, against the tables that they are made of."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.cli import main
from smallobjects.metrics.bootstrap import Bootstrap
from smallobjects.reporting.plots.gains import gain_figure
from smallobjects.reporting.plots.learning import learning_figure, read_curves
from smallobjects.reporting.plots.parameters import PlotInputs
from smallobjects.reporting.plots.sizes import size_curves, size_figure
from smallobjects.reporting.plots.trade import spread, trade_figure
from smallobjects.reporting.tables.cells import ScoreCells
from smallobjects.reporting.tables.intervals import with_intervals
from smallobjects.reporting.tables.scores import score_table

AREAS = (20, 200, 2000)
LIMITS = (150, 900)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Two label sources on two datasets, scored by the command from made-up rows."""
    folder = tmp_path_factory.mktemp("scored")
    generator = np.random.default_rng(0)
    cells, curves = [], []
    for dataset in ("voc", "coco"):
        for labels in ("irn", "full"):
            arms = {}
            for loss in ("ce", "sb"):
                path = folder / dataset / labels / loss
                path.mkdir(parents=True)
                _write_scores(path, generator, 0.2 if loss == "sb" else 0.0)
                cells.append(
                    {
                        "supervision": "full" if labels == "full" else "image",
                        "labels": labels,
                        "labels_title": labels.upper(),
                        "segmentor": "net",
                        "segmentor_title": "Net",
                        "dataset": dataset,
                        "dataset_title": dataset.upper(),
                        "loss": loss,
                        "scores": {"0": str(path / "summary.json")},
                    }
                )
                arms[loss] = str(path / "log.csv")
                _write_curve(path / "log.csv", (10, 20, 30, 40))
            shared = folder / f"{dataset}.{labels}.csv"
            _write_curve(shared, (10, 20))
            curves.append(
                {
                    "dataset": dataset,
                    "dataset_title": dataset.upper(),
                    "labels": labels,
                    "segmentor": "net",
                    "title": labels,
                    "shared": str(shared),
                    "arms": arms,
                }
            )
    limits = {"voc": LIMITS, "coco": LIMITS}
    return {"cells": cells, "size_limits": limits, "curves": curves}


def _write_scores(folder, generator, better):
    images = np.repeat([f"i{k}" for k in range(12)], 3)
    count = len(images)
    iou = np.clip(generator.uniform(0, 0.8, count) + better, 0, 1)
    sizes = np.tile(["small", "medium", "large"], 12)
    instances = pd.DataFrame(
        {
            **{"image": images, "class_id": 1, "instance_id": np.tile([1, 2, 3], 12)},
            **{"area": np.tile(AREAS, 12), "size": sizes, "iou": iou},
        }
    )
    instances.to_parquet(folder / "instances.parquet")
    areas = pd.DataFrame({"image": images[::3], "class_id": 1, "intersection": 10})
    areas.assign(prediction_area=20, truth_area=20).to_parquet(folder / "areas.parquet")
    mean = instances.groupby("size")["iou"].mean()
    summary = {"miou": 1 / 3, "ia_miou": iou.mean()}
    summary |= {f"ia_{size[0]}": mean[size] for size in mean.index}
    summary |= {"instances": {"total": count}, "per_class": [None, None]}
    summary |= {"bootstrap": {"resamples": 200, "seed": 0, "level": 0.95}}
    (folder / "summary.json").write_text(json.dumps(summary))


def _write_curve(path, iterations):
    rows = [f"{k},0.1,{100 / k},{'' if k < 30 else 0.5}" for k in iterations]
    path.write_text("\n".join(["iteration,learning_rate,loss,ewc_penalty", *rows]) + "\n")


@pytest.fixture(scope="module")
def scored(inputs):
    cells = ScoreCells.model_validate(inputs["cells"])
    table, _ = score_table(cells.root)
    return cells, with_intervals(table, cells.root)


def test_gains_are_those_of_the_table(scored):
    cells, table = scored
    figure = gain_figure(table, cells)
    keys = ["labels", "dataset", "loss"]
    values = table.set_index(keys)
    for axes, dataset in zip(figure.axes, ("voc", "coco"), strict=True):
        points = {
            line.get_label(): line.get_xdata() for line in axes.lines if len(line.get_label())
        }
        spans = {tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2}
        for size, metric in (("small", "ia_s"), ("medium", "ia_m"), ("large", "ia_l")):
            expected = [
                values.loc[(labels, dataset, "sb"), metric]
                - values.loc[(labels, dataset, "ce"), metric]
                for labels in ("irn", "full")
            ]
            assert points[f"{size} objects"] == pytest.approx(expected)
            for labels in ("irn", "full"):
                row = values.loc[(labels, dataset, "sb")]
                ends = (row[f"{metric}_gain_low"], row[f"{metric}_gain_high"])
                assert ends in spans
                assert ends[0] < ends[1]


def test_arrows_lead_from_cross_entropy_to_the_loss(scored):
    cells, table = scored
    values = table.set_index(["labels", "dataset", "loss"])
    figure = trade_figure(table, cells)
    for axes, dataset in zip(figure.axes, ("voc", "coco"), strict=True):
        arrows = [text for text in axes.texts if not text.get_text()]
        assert len(arrows) == 2
        for arrow, labels in zip(arrows, ("irn", "full"), strict=True):
            for point, loss in ((arrow.xyann, "ce"), (arrow.xy, "sb")):
                row = values.loc[(labels, dataset, loss)]
                assert tuple(point) == pytest.approx((row["miou"], row["ia_s"]))


def test_a_loss_alone_has_no_gain(inputs):
    cells = ScoreCells.model_validate([c for c in inputs["cells"] if c["loss"] == "ce"])
    table = with_intervals(score_table(cells.root)[0], cells.root)
    for figure in (gain_figure(table, cells), trade_figure(table, cells)):
        for axes in figure.axes:
            assert [text.get_text() for text in axes.texts] == [
                "no scores of cross-entropy\nand another loss"
            ]


def test_size_curves_are_means_of_instances(scored, inputs):
    cells, _ = scored
    curves = size_curves([c for c in cells.root if c.dataset == "voc"], Bootstrap(50))
    for cell in inputs["cells"][:4]:
        rows = pd.read_parquet(cell["scores"]["0"].replace("summary.json", "instances.parquet"))
        mine = curves[(curves["labels"] == cell["labels"]) & (curves["loss"] == cell["loss"])]
        expected = rows.groupby("area")["iou"].mean()
        assert mine["iou"].tolist() == pytest.approx(expected.tolist())
        assert mine["side"].tolist() == pytest.approx(np.sqrt(AREAS))
        assert (mine["iou_low"] <= mine["iou"]).all()
        assert (mine["iou"] <= mine["iou_high"]).all()
    figure = size_figure(curves, {("irn", "net"): "IRN", ("full", "net"): "Full"}, LIMITS, "VOC")
    assert [axes.get_title() for axes in figure.axes] == ["IRN", "Full"]
    limits = [line.get_xdata()[0] for line in figure.axes[0].lines[:2]]
    assert limits == pytest.approx(np.sqrt(LIMITS))


def test_learning_curves_part_after_the_shared_phase(inputs, tmp_path):
    models = PlotInputs.model_validate(inputs).curves[:2]
    curves = read_curves(models)
    irn = curves[curves["labels"] == "irn"]
    assert irn.groupby("loss")["iteration"].apply(list).to_dict() == {
        "shared": [10, 20],
        "ce": [30, 40],
        "sb": [30, 40],
    }
    figure = learning_figure(curves, models, "VOC")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["CE"].get_xdata().tolist() == [20, 30, 40], "it starts where they part"
    (tmp_path / "broken.csv").write_text("iteration\n1\n")
    broken = models[0].model_copy(update={"shared": tmp_path / "broken.csv"})
    with pytest.raises(ValueError, match=r"broken\.csv: not the learning curve"):
        read_curves([broken])


def test_models_without_learning_curves_are_left_out(inputs, tmp_path):
    model = PlotInputs.model_validate(inputs).curves[0]
    absent = model.model_copy(update={"shared": tmp_path / "absent.csv"})
    assert read_curves([absent]).empty
    learning_figure(read_curves([absent]), [absent], "VOC")


def test_the_command_writes_every_plot_and_the_same_bytes_again(inputs, tmp_path):
    files = []
    for name in ("first", "second"):
        arguments = [
            "plots",
            "--inputs",
            json.dumps(inputs),
            "--scale",
            "demo",
            "--resamples",
            "20",
        ]
        result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    plots = ["gains", "miou_ia_s"]
    plots += [f"{p}.{d}" for p in ("size_curves", "learning_curves") for d in ("voc", "coco")]
    assert set(files[0]) == {f"{p}{end}" for p in plots for end in (".pdf", ".png", ".csv")}
    assert files[0] == files[1]


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(0.1, 20))
def test_spreading_keeps_order_and_distance(heights, distance):
    heights = np.array(heights)
    moved = spread(heights, distance)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(moved[order]) >= distance - 1e-6).all()
    if len(heights):
        assert moved.mean() == pytest.approx(heights.mean(), abs=1e-6)
    if (np.diff(heights[order]) >= distance).all():
        assert moved == pytest.approx(heights)
