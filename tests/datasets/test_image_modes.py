"""Kinds of images: every stage sees the same pixels, or preparation refuses the file."""

import io
import shutil
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from PIL import Image

from smallobjects.datasets.checks.dataset import check_dataset
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import read_image_size
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset

HEIGHT, WIDTH = 48, 50
Y, X = np.mgrid[:HEIGHT, :WIDTH]
PICTURE = np.stack([5 * X, np.full_like(X, 60), 5 * Y], axis=-1).astype(np.uint8)
ALPHA = Image.fromarray((3 * X).astype(np.uint8))
TURNED = Image.Exif()
TURNED[0x0112] = 6


@dataclass
class Kind:
    mode: str
    options: dict
    stored: Image.Image


def kinds():
    colour = Image.fromarray(PICTURE)
    plain = {mode: colour.convert(mode) for mode in ("RGB", "L", "1", "P", "CMYK", "YCbCr", "LAB")}
    for mode in ("LA", "RGBA"):
        plain[mode] = colour.convert(mode)
        plain[mode].putalpha(ALPHA)
    plain["I;16"] = Image.fromarray((900 * Y + 10 * X).astype(np.uint16))
    plain["I"] = Image.fromarray((900 * Y).astype(np.int32))
    plain["F"] = Image.fromarray((Y / HEIGHT + 0 * X).astype(np.float32))
    found = {mode: Kind(mode, {}, image) for mode, image in plain.items()}
    found["P, one colour transparent"] = Kind("P", {"transparency": 3}, plain["P"])
    found["RGB, one colour transparent"] = Kind("RGB", {"transparency": (5, 60, 5)}, plain["RGB"])
    found["L, one grey transparent"] = Kind("L", {"transparency": 60}, plain["L"])
    found["turned"] = Kind("RGB", {"exif": TURNED}, plain["RGB"])
    return found


KINDS = kinds()
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "JPEG2000", "PPM")


def encoded(kind, form):
    file = io.BytesIO()
    try:
        KINDS[kind].stored.save(file, form, **KINDS[kind].options)
    except (OSError, KeyError, ValueError, TypeError):
        return None
    return file.getvalue()


@pytest.fixture
def raw(tiny_voc_raw, tmp_path):
    """A copy to change."""
    return shutil.copytree(tiny_voc_raw, tmp_path / "VOC2012")


FILES = [(form, kind) for form in FORMATS for kind in KINDS if encoded(kind, form)]


@pytest.mark.parametrize(("form", "kind"), FILES)
def test_what_is_accepted_is_read_alike_by_both_readers(form, kind, tmp_path, capfd):
    path = tmp_path / "007.jpg"
    path.write_bytes(encoded(kind, form))
    with Image.open(path) as image:
        mode = image.mode
        pillow = np.asarray(image.convert("RGB"), int)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    opencv = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags)
    capfd.readouterr()
    alike = (
        opencv is not None
        and opencv.shape == pillow.shape == (HEIGHT, WIDTH, 3)
        and np.abs(opencv[..., ::-1].astype(int) - pillow).max() <= 2
    )
    if alike:
        assert read_image_size(path) == (HEIGHT, WIDTH)
    else:
        with pytest.raises(DatasetError, match=rf"007\.jpg: .*mode '{mode}'.*; save it as RGB"):
            read_image_size(path)
    assert capfd.readouterr().err == ""


def test_the_kinds_hold_both_answers():
    # Of JPEG every kind, of the others at least these.
    assert {kind for form, kind in FILES if form == "PNG"} >= {"I;16", "LA", "1", "P", "turned"}
    assert {kind for form, kind in FILES if form == "TIFF"} >= {"F", "I;16", "RGBA", "CMYK"}


@pytest.mark.parametrize(
    ("form", "kind"),
    [("JPEG", "CMYK"), ("PNG", "1"), ("PNG", "LA"), ("PNG", "P, one colour transparent"),
     ("PNG", "RGBA"), ("JPEG", "turned"), ("PNG", "turned")],
)  # fmt: skip
def test_kinds_that_every_reader_knows_are_prepared_as_stored(
    form, kind, raw, voc_parameters, tmp_path
):
    stored = replaced(raw, encoded(kind, form))
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    image = PreparedDataset.open(tmp_path / "prepared").read_image("2009_000013")
    expected = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB"), int)
    assert np.abs(image - expected).max() == 0
    assert not list(check_dataset(tmp_path / "prepared"))


@pytest.mark.parametrize(("form", "kind"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "F")])
def test_wide_values_are_refused_by_prepare_and_check(form, kind, raw, voc_parameters, tmp_path):
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    replaced(raw, encoded(kind, form))
    with pytest.raises(DatasetError, match=r"2009_000013\.jpg: .*more than 8 bits.*; save it as"):
        prepare_dataset("voc", voc_parameters, raw, tmp_path / "again")
    (finding,) = check_dataset(tmp_path / "prepared")
    assert finding.file == "images/2009_000013.jpg"
    assert "more than 8 bits" in finding.problem
    assert finding.remedy.startswith("save it as RGB")


def replaced(raw, content):
    """Put another image in the place of one of the raw data, cut to its size."""
    path = raw / "JPEGImages/2009_000013.jpg"
    with Image.open(path) as image:
        assert image.size == (48, 48)
    with Image.open(io.BytesIO(content)) as image:
        options = {"exif": TURNED} if image.getexif() else {}
        if "transparency" in image.info:
            options["transparency"] = image.info["transparency"]
        file = io.BytesIO()
        image.crop((0, 0, 48, 48)).save(file, image.format, **options)
    path.write_bytes(file.getvalue())
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (1, 48), (48, 3)])
def test_images_that_nothing_can_be_trained_on_are_refused(size, raw, voc_parameters, tmp_path):
    height, width = size
    Image.new("RGB", (width, height)).save(raw / "JPEGImages/2009_000013.jpg")
    for folder in ("SegmentationClass", "SegmentationObject"):
        Image.new("L", (width, height)).save(raw / folder / "2009_000013.png")
    (raw / "Annotations/2009_000013.xml").write_text("<annotation></annotation>")
    message = rf"2009_000013\.jpg: an image of {height}×{width} pixels.*take it off the list"
    with pytest.raises(DatasetError, match=message):
        prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")


def test_an_image_that_becomes_too_narrow_is_refused(raw, voc_parameters, tmp_path):
    parameters = voc_parameters.model_copy(update={"longest_side": 3})
    with pytest.raises(DatasetError, match="an image of 3×3 pixels"):
        prepare_dataset("voc", parameters, raw, tmp_path / "prepared")
