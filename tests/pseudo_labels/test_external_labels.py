import io
import json
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main


def png(array, **options):
    content = io.BytesIO()
    Image.fromarray(array).save(content, format="PNG", **options)
    return content.getvalue()


def palette_png(array, bits=8):
    image = Image.fromarray(array)
    image.putpalette([value for n in range(256) for value in (n, 255 - n, 7)])
    content = io.BytesIO()
    image.save(content, format="PNG", bits=bits)
    return content.getvalue()


def raw_png(width, height, depth, kind, rows):
    """A PNG made by hand, for forms that Pillow does not write."""

    def chunk(name, content):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def truths(squares):
    return {image_id: squares.read_semantic(image_id) for image_id in squares.split("train")}


@pytest.fixture
def files(truths):
    """Good labels, grey and palette by turns."""
    return {
        f"{image_id}.png": (palette_png if number % 2 else png)(truth)
        for number, (image_id, truth) in enumerate(truths.items())
    }


def write_folder(path, files):
    path.mkdir()
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path, files):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def run(squares, source, out, split="train", score_split="half"):
    arguments = ["external-labels", "--dataset", squares.root, "--split", split]
    arguments += ["--score-split", score_split, "--name", "boxes", "--from", source]
    arguments += ["--labels", out / "labels", "--manifest", out / "manifest.json"]
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def refused(squares, source, out, *words):
    result = run(squares, source, out)
    assert result.exit_code == 1, result.output
    error = result.output.splitlines()[-1]
    assert error.startswith("Error: "), result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in error, error
    assert not (out / "labels").exists()
    assert not (out / "manifest.json").exists()
    return result


@pytest.mark.parametrize(
    ("name", "write"),
    [("f", write_folder), ("a.zip", write_zip), ("a.tar", write_tar), ("a.tar.gz", write_tar)],
)
@pytest.mark.parametrize("prefix", ["", "labels/deep/"])
def test_values_arrive_exactly(squares, truths, files, tmp_path, name, write, prefix):
    extra = {"README.txt": b"hello", "another.png": b"of no image", "._2007_000000.png": b"mac"}
    content = {prefix + file: data for file, data in {**files, **extra}.items()}
    result = run(squares, write(tmp_path / name, content), tmp_path)
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "labels").iterdir()}
    assert names == set(files)
    for image_id, truth in truths.items():
        with Image.open(tmp_path / "labels" / f"{image_id}.png") as image:
            assert image.mode == "P"
            assert image.getpalette()[:6] == [*squares.palette[0], *squares.palette[1]]
            assert np.array_equal(np.asarray(image), truth)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["source"] == "external:boxes"
    assert manifest["miou"] == {"exclude": 1.0, "background": 1.0}


def test_narrow_palettes_keep_their_indices(squares, files, truths, tmp_path):
    image_id = "2007_000000"
    label = (truths[image_id] == 1).astype(np.uint8)
    files[f"{image_id}.png"] = palette_png(label, bits=1)
    assert run(squares, write_folder(tmp_path / "f", files), tmp_path).exit_code == 0
    with Image.open(tmp_path / "labels" / f"{image_id}.png") as image:
        assert np.array_equal(np.asarray(image), label)


def test_a_missing_image(squares, files, tmp_path):
    del files["wide.png"]
    for name, write in (("f", write_folder), ("a.zip", write_zip), ("a.tgz", write_tar)):
        refused(squares, write(tmp_path / name, files), tmp_path, "wide.png", "no label")


def test_bad_files_are_named_one_by_one(squares, files, truths, tmp_path):
    shape = truths["wide"].shape
    zeros = np.zeros(shape, dtype=np.uint8)
    height, width = shape
    four_bit = raw_png(width, height, 4, 0, (b"\0" + b"\x11" * ((width + 1) // 2)) * height)
    sixteen = raw_png(width, height, 16, 0, (b"\0" + b"\0\1" * width) * height)
    huge = raw_png(60000, 60000, 8, 0, b"\0")
    jpeg = io.BytesIO()
    Image.fromarray(zeros).save(jpeg, format="JPEG")
    bad = {
        "size": (png(zeros[:, :-1]), "pixels"),
        "value": (png(zeros + 4), "value 4"),
        "rgb": (png(np.zeros((*shape, 3), dtype=np.uint8)), "RGB"),
        "rgba": (png(np.zeros((*shape, 4), dtype=np.uint8)), "RGBA"),
        "alpha": (png(np.zeros((*shape, 2), dtype=np.uint8)), "alpha"),
        "sixteen": (sixteen, "16-bit"),
        "four": (four_bit, "4-bit grey"),
        "bilevel": (png(zeros.astype(bool)), "1-bit grey"),
        "huge": (huge, "60000"),
        "jpeg": (jpeg.getvalue(), "not a PNG"),
        "text": (b"hello", "not a PNG"),
        "nothing": (b"", "not a PNG"),
        "truncated": (png(zeros + 1)[:-25], "cannot be read"),
        "damaged": (png(zeros)[:45] + b"\0\0\0\0" + png(zeros)[49:], "cannot be read"),
    }
    for name, (content, word) in bad.items():
        folder = write_folder(tmp_path / name, {**files, "wide.png": content})
        refused(squares, folder, tmp_path, "wide.png", word)


def test_two_labels_of_one_image(squares, files, tmp_path):
    files["vis/grey.png"] = files["grey.png"]
    for name, write in (("f", write_folder), ("a.zip", write_zip)):
        refused(squares, write(tmp_path / name, files), tmp_path, "grey", "vis/grey.png")


def test_hostile_paths_lead_nowhere(squares, files, tmp_path):
    inner = tmp_path / "inner"
    hostile = {f"../../{name}": content for name, content in files.items()}
    hostile["/tmp/escaped.png"] = b"x"
    for name, write in (("a.zip", write_zip), ("a.tar", write_tar)):
        result = run(squares, write(tmp_path / name, hostile), inner)
        assert result.exit_code == 0, result.output
        outside = {path.name for path in tmp_path.iterdir()} - {"a.zip", "a.tar", "inner"}
        assert not outside


def test_links_in_an_archive_are_not_followed(squares, files, tmp_path):
    path = write_tar(tmp_path / "a.tar", files)
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("wide.png")
        member.type = tarfile.SYMTYPE
        member.linkname = "/etc/hostname"
        archive.addfile(member)
    refused(squares, path, tmp_path, "no label")


def test_neither_folder_nor_archive(squares, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    refused(squares, path, tmp_path, "notes.txt", "folder")


def test_a_damaged_archive(squares, files, tmp_path):
    path = write_zip(tmp_path / "a.zip", files)
    content = bytearray(path.read_bytes())
    content[60:70] = b"\xff" * 10
    path.write_bytes(content)
    refused(squares, path, tmp_path, "a.zip")
    tarred = write_tar(tmp_path / "a.tar.gz", files)
    tarred.write_bytes(tarred.read_bytes()[:-200])
    refused(squares, tarred, tmp_path, "a.tar.gz")


def test_an_old_source_survives_a_refusal_without_its_manifest(squares, files, tmp_path):
    assert run(squares, write_folder(tmp_path / "f", files), tmp_path).exit_code == 0
    assert run(squares, write_folder(tmp_path / "g", {}), tmp_path).exit_code == 1
    assert (tmp_path / "labels" / "wide.png").exists()
    assert not (tmp_path / "manifest.json").exists()
