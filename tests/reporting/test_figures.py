"""Figures 1 and 3: what is counted and chosen, and that the files are the same bytes again."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic.raw_data import make_synthetic
from smallobjects.reporting.panels.painting import mask_colours
from smallobjects.reporting.plots.classes import class_figure
from smallobjects.reporting.plots.samples import outlines, sample_figure
from smallobjects.reporting.tables.cells import DescribedDataset
from smallobjects.reporting.tables.class_counts import count_classes
from smallobjects.reporting.tables.samples import choose_samples

SCENES = SyntheticParameters(train_images=3, val_images=10, image_size=64, seed=5)
SIZES = ["large", "medium", "small"]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """Synthetic VOC and COCO, as the figures take them."""
    folder = tmp_path_factory.mktemp("described")
    described = []
    for layout, title, classes in (("voc", "PASCAL VOC", 21), ("coco", "MS COCO", 81)):
        make_synthetic(layout, SCENES, folder / "raw" / layout)
        source = {"source": "annotations/instances_val2014.json", "images": "val2014"}
        split = {"source": "val"} if layout == "voc" else source
        parameters = {
            **{"title": title, "layout": layout, "num_classes": classes, "raw": "synthetic"},
            **{"train": "val", "label_score": "val", "evaluate": "val", "size_limits": (60, 400)},
            "splits": {"val": split},
        }
        prepare_dataset(
            layout,
            DatasetParameters.model_validate(parameters),
            folder / "raw" / layout,
            folder / layout,
        )
        described.append(DescribedDataset(title=title, path=folder / layout, split="val"))
    return tuple(described)


def panels(datasets):
    return json.dumps([dataset.model_dump(mode="json") for dataset in datasets])


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_counts_are_those_of_the_masks(datasets):
    table = count_classes(datasets)
    assert list(table.columns) == ["dataset", "class_id", "class", "size", "instances"]
    assert len(table) == 3 * (20 + 80)
    for dataset in datasets:
        prepared = PreparedDataset.open(dataset.path)
        counted = {}
        for image_id in prepared.split("val"):
            instances = prepared.read_instances(image_id)
            for instance_id in set(instances.flat) - {0, 255}:
                mask = instances == instance_id
                (class_id,) = set(prepared.read_semantic(image_id)[mask]) - {255}
                area = mask.sum()
                size = "small" if area < 60 else "medium" if area < 400 else "large"
                counted[class_id, size] = counted.get((class_id, size), 0) + 1
        rows = table[table["dataset"] == dataset.title]
        assert list(rows["class_id"]) == sorted(rows["class_id"])
        found = {
            (row.class_id, row.size): row.instances for row in rows.itertuples() if row.instances
        }
        assert found == counted
        names = dict(zip(rows["class_id"], rows["class"], strict=True))
        assert [names[k] for k in sorted(names)] == prepared.class_names[1:]


def counts_of(values):
    """A table with one dataset, given large, medium and small of each class."""
    rows = [
        ("A & B", class_id, f"class {class_id}", size, count)
        for class_id, counts in enumerate(values, start=1)
        for size, count in zip(SIZES, counts, strict=True)
    ]
    return pd.DataFrame(rows, columns=["dataset", "class_id", "class", "size", "instances"])


def test_bars_are_as_high_as_the_counts_and_stand_in_the_order_of_classes():
    values = [(3, 2, 1), (0, 0, 0), (0, 5, 4), (7, 0, 2)]
    (axes,) = class_figure(counts_of(values)).axes
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [[3, 0, 7], [2, 5, 0], [1, 4, 2]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["class 1", "class 3", "class 4"]
    assert axes.get_title() == "(a) A & B (1 classes without instances are not shown)"
    left = [bars[1].get_x() for bars in axes.containers]
    assert left == sorted(left)


@pytest.mark.parametrize(("highest", "scale"), [(40, "linear"), (41, "log")])
def test_axis_is_logarithmic_where_one_class_outnumbers_the_others(highest, scale):
    (axes,) = class_figure(counts_of([(2, 2, 2), (2, 2, highest)])).axes
    assert axes.get_yscale() == scale
    assert axes.get_ylim()[1] > highest
    if scale == "log":
        assert axes.get_ylim()[0] < 1
        assert axes.get_ylabel() == "instances (log)"


def test_eighty_classes_have_readable_names():
    (axes,) = class_figure(counts_of([(5, 6, 7)] * 80)).axes
    figure = axes.figure
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert len(boxes) == 80
    assert all(a.x1 <= b.x0 + 0.5 for a, b in pairwise(boxes)), "no overlap"
    assert all(box.y0 >= 0 for box in boxes), "within the figure"


def test_samples_follow_the_stated_rule(datasets):
    chosen = choose_samples(datasets, 3, seed=1)
    for dataset in datasets:
        rows = chosen[chosen["dataset"] == dataset.title]
        assert list(rows["image"]) == sorted(set(rows["image"]))
        table = PreparedDataset.open(dataset.path).instance_table
        preferred = set()
        for image, sizes in table.groupby("image")["size"]:
            if (sizes == "small").any() and len(sizes) > 1:
                preferred.add(image)
        assert len(preferred) >= 3
        assert set(rows["image"]) <= preferred
        for row in rows.itertuples():
            sizes = table[table["image"] == row.image]["size"]
            assert [row.large, row.medium, row.small] == [(sizes == s).sum() for s in SIZES]
    everything = choose_samples(datasets, 100, seed=1)
    for dataset in datasets:
        images = set(PreparedDataset.open(dataset.path).instance_table["image"])
        assert set(everything[everything["dataset"] == dataset.title]["image"]) == images
    assert choose_samples(datasets[1:], 3, seed=1).equals(
        chosen[chosen["dataset"] == "MS COCO"].reset_index(drop=True)
    )
    assert any(not choose_samples(datasets, 3, seed=seed).equals(chosen) for seed in range(2, 5))


def test_outlines_are_the_instances_smaller_ones_last():
    instances = np.zeros((6, 8), np.uint16)
    instances[0:3, 0:3], instances[4, 5:7], instances[5, 0], instances[3, 4:8] = 7, 300, 1, 255
    instances[1, 1] = 0
    found = list(outlines(instances, {7: "large", 300: "medium", 1: "small"}))
    assert [outline.size for outline in found] == ["large", "medium", "small"]
    assert [outline.corner for outline in found] == [(0, 0), (5, 4), (0, 5)]
    assert [outline.mask.sum() for outline in found] == [8, 2, 1]


def test_panels_are_image_mask_and_outlined_image(datasets):
    samples = choose_samples(datasets, 3, seed=0)
    figure = sample_figure(datasets, samples, "a note")
    pictures = [axes for axes in figure.axes if axes.images]
    assert len(pictures) == 2 * 3 * 3
    expected = [
        (PreparedDataset.open(dataset.path), image)
        for dataset in datasets
        for image in samples[samples["dataset"] == dataset.title]["image"]
    ]
    # Two samples a row; axes come row by row.
    triples = [pictures[k : k + 3] for k in range(0, len(pictures), 3)]
    for (prepared, image_id), (left, middle, right) in zip(expected, triples, strict=True):
        picture = prepared.read_image(image_id)
        assert (left.images[0].get_array() == picture).all()
        assert (right.images[0].get_array() == picture).all()
        semantic = prepared.read_semantic(image_id)
        colours = np.array([*prepared.palette, *[[0, 0, 0]] * 256])[semantic]
        colours[semantic == 255] = [224, 224, 192]
        assert (middle.images[0].get_array() == colours).all()
        assert middle.get_title().startswith(f"{image_id}: ")
        instances = len(set(prepared.read_instances(image_id).flat) - {0, 255})
        assert len(right.collections) == 2 * instances, "a light and a coloured line each"
        assert right.get_xlim() == left.get_xlim() == (0, semantic.shape[1])
    assert "a note" in [text.get_text() for text in figure.texts]


def test_every_value_of_a_mask_has_a_colour():
    colours = mask_colours([[1, 2, 3], [4, 5, 6]])
    assert len(colours) == 256
    assert colours[:2] == [[1, 2, 3], [4, 5, 6]]
    assert colours[255] == [224, 224, 192]


@pytest.mark.parametrize("figure", ["figure1", "figure3"])
def test_files_are_the_same_bytes_again(figure, datasets, tmp_path):
    contents = []
    for name in ("one", "two"):
        output = tmp_path / name / f"{figure}.pdf"
        result = run(figure, "--panels", panels(datasets), "--scale", "demo", "--output", output)
        assert result.exit_code == 0, result.output
        files = sorted(output.parent.iterdir())
        assert [path.suffix for path in files] == [".csv", ".pdf", ".png"]
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]
    assert contents[0][1].startswith(b"%PDF")
    assert b"CreationDate" not in contents[0][1]
    with Image.open(tmp_path / "one" / f"{figure}.png") as image:
        assert image.width == pytest.approx(6.9 * 200, abs=1)
    assert pd.read_csv(tmp_path / "one" / f"{figure}.csv", dtype={"image": str}).shape[0] > 0


@pytest.mark.parametrize("figure", ["figure1", "figure3"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "test"}, "no split 'test'"),
        ({"path": "/nowhere"}, "not a prepared dataset"),
        ({"titel": "A"}, "Extra inputs are not permitted"),
    ],
)
def test_bad_panels_are_named(figure, change, words, datasets, tmp_path):
    panel = datasets[0].model_dump(mode="json") | change
    output = tmp_path / "figure.pdf"
    result = run(figure, "--panels", json.dumps([panel]), "--scale", "x", "--output", output)
    assert result.exit_code in (1, 2)
    assert words in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_output_must_be_a_pdf(datasets, tmp_path):
    output = tmp_path / "figure.png"
    result = run("figure1", "--panels", panels(datasets), "--scale", "x", "--output", output)
    assert result.exit_code == 2
    assert "does not end in .pdf" in result.output


def test_a_split_without_instances_shows_nothing(prepared, tmp_path):
    panel = [{"title": "A", "path": str(prepared("a", 0, 0, 0)), "split": "val"}]
    output = tmp_path / "figure3.pdf"
    result = run("figure3", "--panels", json.dumps(panel), "--scale", "x", "--output", output)
    assert result.exit_code == 1
    assert "no image of split 'val' has an instance" in result.output
