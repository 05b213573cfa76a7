"""What libjpeg says of a damaged JPEG file is heard, by every reader of images."""

import io
import os

import cv2
import numpy as np
import pytest
from PIL import Image

from smallobjects.datasets.mask_files import read_image_size, read_rgb
from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.jpeg import check_jpeg, no_corrupt_jpeg
from smallobjects.integrity.pictures import read_pixels
from smallobjects.segmentation.image_loading import LoadWholeImage


def jpeg(shape=(60, 90), mode="RGB", **options):
    generator = np.random.default_rng(2)
    pixels = generator.integers(0, 256, (*shape, 3)).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(content, "JPEG", quality=80, **options)
    return content.getvalue()


def by_training(path):
    loader = LoadWholeImage(color_type="color_ignore_orientation")
    return loader.transform({"img_path": str(path)})["img"]


READERS = {
    "preparation": read_image_size,
    "shrinking": read_rgb,
    "labels": lambda path: read_pixels(path.read_bytes()),
    "training": by_training,
}
DAMAGE = {
    "cut in half": lambda content: content[: len(content) // 2],
    "cut in the header": lambda content: content[:30],
    # An end mark in the middle: what follows is extraneous, what is missing becomes grey.
    "an early end": lambda content: content[: len(content) // 2] + b"\xff\xd9",
    "more data": lambda content: content[:-2] + bytes(range(40)) + b"\xff\xd9",
    "holes": lambda content: content[:900] + bytes(200) + content[1100:],
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("progressive", [False, True])
def test_damage_is_refused(damage, reader, progressive, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(DAMAGE[damage](jpeg(progressive=progressive)))
    with pytest.raises((ValueError, OSError)) as caught:
        READERS[reader](path)
    # `read_pixels` gets no name: prepared datasets add it.
    assert "a.jpg" in str(caught.value) or reader == "labels"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_whole_files_are_read(mode, reader, tmp_path, capfd):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(mode=mode))
    found = READERS[reader](path)
    assert (found == (60, 90)) if reader == "preparation" else found.shape == (60, 90, 3)
    assert capfd.readouterr().err == ""


@pytest.mark.realdata
def test_photographs_are_whole(realdata):
    paths = sorted((realdata / "VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))[:40]
    assert paths
    for path in paths:
        check_jpeg(path.read_bytes())


@pytest.mark.realdata
def test_more_is_noticed_than_by_pillow(realdata):
    """Of flipped bits in photographs that Pillow reads in silence, a good part is refused."""
    path = min((realdata / "VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    silent = noticed = 0
    for place in generator.integers(8 * 700, 8 * len(content), 60).tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        try:
            np.asarray(Image.open(io.BytesIO(damaged)).convert("RGB"))
        except OSError:
            continue
        silent += 1
        try:
            check_jpeg(bytes(damaged))
        except ContentError:
            noticed += 1
    assert silent > 50
    assert noticed > silent / 6


@pytest.mark.realdata
def test_what_pillow_refuses_is_refused_in_preparation(realdata, tmp_path):
    """Preparation asks OpenCV alone about the data of a JPEG file; later stages ask Pillow."""
    content = min((realdata / "VOCdevkit/VOC2012/JPEGImages").glob("*.jpg")).read_bytes()
    generator = np.random.default_rng(4)
    path, refused = tmp_path / "a.jpg", 0
    for place in generator.integers(0, 8 * 700, 250).tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            with Image.open(path) as image:
                shape = np.asarray(image.convert("RGB")).shape[:2]
        except OSError:
            refused += 1
            with pytest.raises(ValueError, match=r"a\.jpg: unreadable image"):
                read_image_size(path)
        else:
            try:
                assert read_image_size(path) == shape
            except ValueError as error:
                assert "unreadable image" in str(error)
    assert refused > 20


def test_other_text_is_passed_on(capfd):
    with no_corrupt_jpeg():
        os.write(2, b"from elsewhere\n")
    assert capfd.readouterr().err == "from elsewhere\n"
    with pytest.raises(ContentError, match="damaged: Corrupt JPEG data"), no_corrupt_jpeg():
        os.write(2, b"first\n")
        damaged = DAMAGE["more data"](jpeg())
        cv2.imdecode(np.frombuffer(damaged, np.uint8), cv2.IMREAD_COLOR)
    assert capfd.readouterr().err == "first\n"


def test_an_error_inside_leaves_stderr_as_it_was(capfd):
    with pytest.raises(KeyError), no_corrupt_jpeg():
        raise KeyError
    os.write(2, b"here\n")
    assert capfd.readouterr().err == "here\n"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["grey16.png", "grey16.tiff", "float.tiff", "int.tiff"])
def test_values_beyond_8_bits_are_refused(kind, reader, tmp_path):
    """Pillow cuts them off at 255 and OpenCV divides them: stages would see two images."""
    values = {"grey16": np.uint16, "float": np.float32, "int": np.int32}[kind.partition(".")[0]]
    Image.fromarray((np.arange(12).reshape(3, 4) * 90).astype(values)).save(tmp_path / kind)
    with pytest.raises((ValueError, OSError), match="8 bits"):
        READERS[reader](tmp_path / kind)


@pytest.mark.parametrize("reader", ["shrinking", "labels", "training"])
@pytest.mark.parametrize("name", ["rgb.png", "rgb.tiff", "rgb.bmp", "palette.png", "grey.png"])
def test_other_formats_of_8_bits_are_read_alike(name, reader, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    mode = {"palette": "P", "grey": "L"}.get(name.partition(".")[0], "RGB")
    image = Image.fromarray(pixels).convert(mode)
    image.save(tmp_path / name)
    found = READERS[reader](tmp_path / name)
    found = found[..., ::-1] if reader == "training" else found
    assert np.array_equal(found, np.asarray(image.convert("RGB")))
