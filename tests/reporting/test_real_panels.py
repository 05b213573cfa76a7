"""Panels of real VOC and COCO samples, against the masks that they show."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from real_panels import ARMS, make_real_panels, run

from smallobjects.cli import main
from smallobjects.config.panels import PanelImages
from smallobjects.datasets.prepared import VOID
from smallobjects.reporting.panels.page import page_figure
from smallobjects.reporting.panels.painting import VOID_OUTLINE, VOID_SHADES, paint_mask
from smallobjects.reporting.panels.parameters import PanelPages
from smallobjects.reporting.panels.predictions import Panels, ScoredModel, model_rows

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module", params=["voc", "coco"])
def real(request, realdata, tmp_path_factory):
    return make_real_panels(request.param, realdata, tmp_path_factory.mktemp("panels"))


@pytest.fixture(scope="module")
def page(real):
    """The rows of a page, the images it chose, and its figure."""
    model = PanelPages.model_validate(real.pages()).models[0]
    chosen, rows = model_rows(ScoredModel(model), Panels(real.dataset), PanelImages(), 0)
    return chosen, rows, page_figure("page", rows)


def test_masks_have_the_colours_of_the_dataset(real):
    palette = np.array(real.dataset.palette)
    for image_id in real.dataset.split("val")[:12]:
        mask = real.dataset.read_semantic(image_id)
        painted = paint_mask(mask, real.dataset.palette)
        height, width = painted.shape[:2]
        shown = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
        known = shown != VOID
        assert (painted[known] == palette[shown[known]]).all()
        greys = {tuple(colour) for colour in painted[~known].tolist()}
        assert greys <= {*VOID_SHADES, VOID_OUTLINE}


def test_boxes_hold_the_small_objects_of_the_masks(real, page):
    """Where the boxes lie on the page, in pixels of the image, against a search of the masks."""
    chosen, rows, figure = page
    axes = figure.axes[0]
    extents = [image.get_extent() for image in axes.images]
    red = [patch for patch in axes.patches if patch.get_edgecolor()[:3] == (1, 0, 0)]
    assert len(extents) == 4 * len(rows) > 8
    table = real.dataset.instance_table
    count = 0
    for number, image_id in enumerate(chosen["image"]):
        instances = real.dataset.read_instances(image_id)
        ids = [i for i in np.unique(instances) if i not in (0, VOID)]
        expected = set()
        for i in ids:
            y, x = np.nonzero(instances == i)
            if len(x) < 32**2:
                expected.add((x.min(), y.min(), x.max() + 1, y.max() + 1))
        assert expected
        for left, right, bottom, top in extents[4 * number : 4 * number + 4]:
            scale = instances.shape[1] / (right - left)
            assert scale == pytest.approx(instances.shape[0] / (bottom - top))
            found = set()
            for patch in red:
                x, y = patch.get_xy()
                inside = left - 1e-6 <= x <= right and top - 1e-6 <= y <= bottom
                if inside:
                    ends = (x, y, x + patch.get_width(), y + patch.get_height())
                    corner = (left, top, left, top)
                    found.add(
                        tuple(
                            round((end - start) * scale)
                            for end, start in zip(ends, corner, strict=True)
                        )
                    )
            assert found == expected
            count += len(found)
    assert (
        count
        == len(red)
        == 4
        * sum(
            ((table["image"] == image) & (table["size"] == "small")).sum()
            for image in chosen["image"]
        )
    )


def test_red_is_drawn_where_the_boxes_are(page, tmp_path):
    """The rendered page has red pixels along the edges of every box, on white."""
    _, _, figure = page
    figure.savefig(tmp_path / "page.png", dpi=200)
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    reddish = (pixels[..., 0] > 180) & (pixels[..., 1:] < 90).all(axis=-1)
    axes = figure.axes[0]
    for patch in axes.patches:
        if patch.get_edgecolor()[:3] != (1, 0, 0):
            continue
        x, y = patch.get_xy()
        middle = int((y + patch.get_height() / 2) * 200)
        column = round(x * 200)
        assert reddish[middle - 1 : middle + 2, column - 2 : column + 3].any()


def test_the_numbers_are_those_of_the_scores(real, page):
    chosen, rows, _ = page
    for position, loss in enumerate(ARMS, start=2):
        table = pd.read_parquet(real.folder / f"{loss}.parquet")
        small = table[(table["class_id"] > 0) & (table["size"] == "small")]
        for image_id, row in zip(chosen["image"], rows, strict=True):
            ious = small.loc[small["image"] == image_id, "iou"]
            assert row.pictures[position].note.startswith(f"small: {ious.mean():.2f}")
            texts = [box.text for box in row.pictures[position].boxes]
            if len(ious) <= 10:
                assert sorted(texts) == sorted(f"{iou:.2f}" for iou in ious)
            else:
                assert set(texts) == {""}


def test_the_command_writes_the_same_bytes_again(real, tmp_path):
    files = []
    for name in ("first", "second"):
        arguments = ["panels", "--pages", json.dumps(real.pages()), "--scale", "demo"]
        run(*arguments, "--output", tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]
    pages = {f"{page}{end}" for page in ("irn.deeplabv2", "all") for end in (".pdf", ".png")}
    assert set(files[0]) == {"images.csv", *pages}


def test_a_model_that_is_not_there_is_left_out_and_named(real, tmp_path):
    pages = real.pages()
    absent = json.loads(json.dumps(pages["models"][0])) | {"labels": "rib"}
    absent["arms"][0]["predictions"] = str(tmp_path / "absent")
    pages["models"].append(absent)
    arguments = ["panels", "--pages", json.dumps(pages), "--scale", "demo"]
    result = run(*arguments, "--output", tmp_path / "pages")
    path = tmp_path / "absent"
    assert f"missing: {path} (make it with: snakemake {path})" in result.output
    assert not list((tmp_path / "pages").glob("rib*"))


def test_a_prediction_that_is_not_there_is_an_error(real, tmp_path):
    pages = real.pages()
    (tmp_path / "empty").mkdir()
    pages["models"][0]["arms"][1]["predictions"] = str(tmp_path / "empty")
    arguments = ["panels", "--pages", json.dumps(pages), "--scale", "demo"]
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / "pages")])
    assert result.exit_code != 0
    assert "no prediction of this image" in result.output
    assert not (tmp_path / "pages").exists()
