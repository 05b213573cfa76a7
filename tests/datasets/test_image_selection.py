"""Candidates and their selection on synthetic LVIS data, through the command line too."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.lvis import synthetic as synthetic_lvis
from smallobjects.datasets.layouts.lvis.converter import read_images
from smallobjects.datasets.layouts.lvis.parameters import SelectionParameters
from smallobjects.datasets.pascal_b.candidates import (
    COUNTS,
    HINTS,
    find_candidates,
    read_candidates,
)
from smallobjects.datasets.pascal_b.image_selection import select_images
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset


@pytest.fixture
def select(candidates, lvis_parameters, tmp_path):
    """Select with changed parameters; return the list, and the report."""

    def run(decisions=None, **changes):
        settings = lvis_parameters.selection.model_dump() | changes
        parameters = SelectionParameters.model_validate(settings)
        report, images = tmp_path / "report.json", tmp_path / "images.txt"
        content = select_images(candidates, parameters, images, report, decisions)
        assert json.loads(report.read_text()) == content
        return images.read_text().split(), content

    return run


def test_candidates_are_the_images_that_show_a_class(
    candidates, lvis_raw, lvis_parameters, lvis_scenes, tmp_path
):
    """The counts are those of the prepared form of every candidate, on its painted masks."""
    table = read_candidates(candidates).table
    ids = [f"{planned.number:012d}" for planned in synthetic_lvis.plan_images(lvis_scenes)]
    (tmp_path / "all.txt").write_text("\n".join(ids))
    everything = lvis_parameters.model_copy(
        update={"splits": {"val": lvis_parameters.splits["val"].model_copy(
            update={"source": str(tmp_path / "all.txt")})}}
    )  # fmt: skip
    prepare_dataset("all", everything, lvis_raw, tmp_path / "prepared")
    instances = PreparedDataset.open(tmp_path / "prepared").instance_table
    names = [VOC_CLASSES[class_id - 1] for class_id in instances["class_id"]]
    expected = pd.crosstab(
        instances["image"], pd.Series(names, name="c") + "_" + instances["size"]
    ).reindex(columns=COUNTS, fill_value=0)
    counted = table.set_index("image")[list(COUNTS)]
    assert 0 < len(counted) < len(ids)
    pd.testing.assert_frame_equal(
        counted, expected, check_dtype=False, check_names=False, check_column_type=False
    )
    assert list(table["image"]) == sorted(table["image"])
    for row in table.itertuples():
        assert (lvis_raw / row.file).is_file()


def test_candidates_are_marked_where_annotations_are_missing(candidates, lvis_raw, lvis_parameters):
    table = read_candidates(candidates).table.set_index("image")
    images = {image.image_id: image.hints for image in read_images(lvis_raw, lvis_parameters.lvis)}
    for hint in HINTS:
        marked = table[hint][table[hint] != ""]
        assert len(marked) > 0
        for image_id, text in marked.items():
            assert text.split() == list(getattr(images[image_id], hint))


def test_the_number_of_workers_changes_no_byte(candidates, lvis_raw, lvis_parameters, tmp_path):
    find_candidates(lvis_raw, lvis_parameters.lvis, lvis_parameters.size_limits,
                    tmp_path / "again.parquet", workers=2)  # fmt: skip
    assert (tmp_path / "again.parquet").read_bytes() == candidates.read_bytes()


def test_the_report_counts_what_was_selected(select, candidates):
    images, report = select()
    table = read_candidates(candidates)
    chosen = np.isin(table.ids, images)
    counts = table.counts[chosen].sum(0)
    assert images == sorted(images) == report["images"]
    assert len(set(images)) == 15
    assert report["instances"]["total"] == counts.sum()
    for index, name in enumerate(VOC_CLASSES):
        row = report["classes"][name]
        assert list(row["selected"].values()) == counts[index].tolist()
        assert list(row["available"].values()) == table.counts.sum(0)[index].tolist()
    targets = np.array([list(report["classes"][n]["target"].values()) for n in VOC_CLASSES])
    deviation = np.abs(counts - targets).sum() + np.abs((counts - targets).sum(0)).sum()
    assert report["objective"]["value"] == deviation >= report["objective"]["bound"]
    assert report["filter"] == {
        "candidates": len(table.ids),
        "by_hand": False,
        "excluded_by_mark": {},
        "left": len(table.ids),
    }
    assert "not filtered by hand" in report["statement"]


def test_a_seed_is_a_list(select):
    few = {"images": 6, "small": 2, "medium": 3, "large": 3}
    lists = [select(**few, seed=seed) for seed in range(6)]
    assert [select(**few, seed=seed)[0] for seed in range(6)] == [images for images, _ in lists]
    assert len({tuple(images) for images, _ in lists}) > 3
    assert len({report["objective"]["value"] for _, report in lists}) == 1


def test_decisions_filter_and_are_recorded(select, candidates, tmp_path):
    ids = read_candidates(candidates).ids
    path = tmp_path / "decisions.csv"
    rows = [f"{i},{'accept' if n % 2 else 'reject'},A,\n" for n, i in enumerate(ids[:-4])]
    path.write_text("image,decision,reviewer,note\n" + "".join(rows))
    accepted = set(ids[1:-4:2])
    images, report = select(path)
    assert set(images) <= accepted
    assert report["filter"]["decisions"] | {"sha256": ""} == {
        "sha256": "",
        "accepted": len(accepted),
        "rejected": len(ids) - 4 - len(accepted),
        "undecided": 4,
        "undecided_are": "rejected",
    }
    assert report["filter"]["left"] == len(accepted)
    words = f"filtered by hand ({len(accepted)} accepted, "
    assert words in report["statement"]
    assert "not filtered by hand" not in report["statement"]
    _, report = select(path, undecided="accept")
    assert report["filter"]["left"] == len(accepted) + 4


def test_marked_candidates_can_be_left_out(select, candidates):
    table = read_candidates(candidates)
    marked = table.marked("not_exhaustive") | table.marked("only_in_coco")
    images, report = select(exclude=["not_exhaustive", "only_in_coco"])
    assert not set(images) & set(np.array(table.ids)[marked])
    assert report["filter"]["left"] == (~marked).sum()
    assert report["filter"]["excluded_by_mark"] == {
        hint: table.marked(hint).sum() for hint in ("not_exhaustive", "only_in_coco")
    }
    assert "marked not_exhaustive or only_in_coco were left out" in report["statement"]


def test_too_few_candidates_are_an_error(select, candidates, tmp_path):
    left = len(read_candidates(candidates).ids)
    with pytest.raises(DatasetError, match=f"{left} of {left} candidates are left, but {left + 1}"):
        select(images=left + 1)
    assert not (tmp_path / "images.txt").exists()
    images, report = select(images=left)
    assert (len(images), report["objective"]["value"]) == (left, report["objective"]["bound"])


def test_other_files_are_no_candidates(lvis_parameters, tmp_path):
    def refused(path, message):
        with pytest.raises(DatasetError, match=message):
            select_images(path, lvis_parameters.selection, tmp_path / "i", tmp_path / "r")

    refused(tmp_path / "none.parquet", "no such table of candidates")
    (tmp_path / "text.parquet").write_text("image\n")
    refused(tmp_path / "text.parquet", "unreadable table of candidates")
    pd.DataFrame({"image": ["a"]}).to_parquet(tmp_path / "other.parquet")
    refused(tmp_path / "other.parquet", "its columns are not those")


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_stages_on_the_command_line(lvis_raw, lvis_parameters, tmp_path):
    found = call(
        *("find-candidates", "--raw", lvis_raw, "--size-limits", 150, 900),
        *("--parameters", lvis_parameters.lvis.model_dump_json()),
        *("--output", tmp_path / "candidates.parquet"),
    )
    assert found.exit_code == 0, found.output
    assert f"candidates: {tmp_path / 'candidates.parquet'}" in found.output
    selected = call(
        *("select-images", "--candidates", tmp_path / "candidates.parquet"),
        *("--parameters", lvis_parameters.selection.model_dump_json()),
        *("--images", tmp_path / "images.txt", "--report", tmp_path / "report.json"),
    )
    assert selected.exit_code == 0, selected.output
    assert "the candidates were not filtered by hand" in selected.output
    prepared = call(
        *("prepare-dataset", "--name", "pascal_b", "--raw", lvis_raw),
        *("--parameters", lvis_parameters.model_dump_json()),
        *("--selection", tmp_path / "report.json", "--output", tmp_path / "prepared"),
    )
    assert prepared.exit_code == 0, prepared.output
    split = PreparedDataset.open(tmp_path / "prepared").split("val")
    assert split == (tmp_path / "images.txt").read_text().split()


def test_bad_input_ends_in_one_line(candidates, lvis_raw, tmp_path):
    (tmp_path / "decisions.csv").write_text("image,decision\nx,accept\n")
    common = ("--candidates", candidates, "--images", tmp_path / "i", "--report", tmp_path / "r")
    for more in (
        ("--decisions", tmp_path / "decisions.csv"),
        ("--parameters", json.dumps({"decisions": str(tmp_path / "decisions.csv")})),
    ):
        result = call("select-images", *common, *more)
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {tmp_path / 'decisions.csv'}: image 'x' is no")
    result = call("find-candidates", "--raw", tmp_path, "--output", tmp_path / "c")
    assert result.exit_code == 1
    assert "instances_train2017.json: no such annotation file" in result.output
    limits = ("--size-limits", 900, 150)
    result = call("find-candidates", "--raw", lvis_raw, *limits, "--output", tmp_path / "c")
    assert (result.exit_code, "must rise" in result.output) == (2, True)
