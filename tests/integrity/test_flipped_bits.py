"""A flipped bit is refused by every reader, with the file's name, or changes nothing.

Every kind of file is written as the project writes it; then bits are flipped one at a time, at
seeded places, and the file is read through each of its readers.
"""

import io
import json
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from smallobjects.backbones.weight_files import read_weights
from smallobjects.cli.curves import _read_rows
from smallobjects.datasets import mask_files
from smallobjects.datasets.checks.tables import read_tables
from smallobjects.datasets.layouts.voc.sbd import read_sbd_mask
from smallobjects.datasets.pascal_b.candidates import SCHEMA, read_candidates
from smallobjects.datasets.prepared import FORMAT, PreparedDataset
from smallobjects.datasets.tables import TABLES, write_table
from smallobjects.integrity.tables import write_frame, write_parquet
from smallobjects.metrics.instances import ROW
from smallobjects.metrics.masks import read_mask
from smallobjects.pseudo_labels.attention.store import read_attention, write_attention
from smallobjects.pseudo_labels.bbam.attribution_store import AttributionStore, write_attributions
from smallobjects.pseudo_labels.cams.store import CamStore, write_cams
from smallobjects.pseudo_labels.cda.cutting import Cut, read_cuts, write_cuts
from smallobjects.pseudo_labels.clims.open_clip_scorer import _check_content
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.labels.archive import LabelArchives, encode_label, write_labels
from smallobjects.pseudo_labels.labels.external import external_labels
from smallobjects.pseudo_labels.labels.folder import read_label
from smallobjects.pseudo_labels.saliency.maps import read_map
from smallobjects.pseudo_labels.saliency.model import load_saliency_network
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint
from smallobjects.pseudo_labels.training.network_file import load_network, save_network
from smallobjects.reporting.panels.predictions import read_prediction
from smallobjects.reporting.tables.score_tables import read_score_table
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.checkpointing import load, save
from smallobjects.segmentation.image_loading import LoadLabels, LoadWholeImage
from smallobjects.segmentation.plain_checkpoints import load_from_file
from smallobjects.viewer.pictures import Pictures
from smallobjects.viewer.rows import read_rows

FLIPS = 25
SHAPE = 40, 54
ID = "2007_000032"


def mask(dtype=np.uint8):
    """Runs of a few classes with specks, as masks are."""
    generator = np.random.default_rng(1)
    values = generator.choice([0, 3, 15, 255], (5, 6)).repeat(8, 0).repeat(9, 1).astype(dtype)
    values[generator.random(SHAPE) < 0.02] = 7
    return values


def pixels():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.stack([4 * x, np.full_like(x, 60), 5 * y], axis=-1).astype(np.uint8)


def png(values):
    content = io.BytesIO()
    Image.fromarray(values).save(content, "PNG")
    return content.getvalue()


def prepared(root):
    """A dataset whose masks and tables are not there yet."""
    for folder in ("images", "semantic", "instances", "splits"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    description = {"format": FORMAT, "name": "toy", "class_names": [str(n) for n in range(21)]}
    (root / "dataset.json").write_text(json.dumps(description))
    return PreparedDataset.open(root)


def with_semantic(path):
    """The dataset beside a file, with the class mask that gives the size of the image."""
    dataset = prepared(path.parent / "data")
    dataset.semantic_path(ID).write_bytes(mask_files.encode_mask(mask()))
    return dataset


def of_folder(read):
    """A reader of the folder of a file, in which it has the name of the image."""
    return lambda path: read(path.parent, path.stem)


def pictures(folder, _):
    return Pictures(*[folder] * 4, [], []).truth(ID)


def linked(folder, read):
    """A reader of a prepared dataset whose file is a link to the file."""

    def read_linked(path):
        dataset = prepared(path.parent / "data")
        place = dataset.root / folder / f"{ID}{'.jpg' if folder == 'images' else '.png'}"
        place.unlink(missing_ok=True)
        place.symlink_to(path)
        return read(dataset, ID)

    return read_linked


def loaded_label(path):
    results = {"seg_map_path": str(path), "img_shape": SHAPE, "num_classes": 21, "seg_fields": []}
    LoadLabels()._load_seg_map(results)
    return results["gt_seg_map"]


def loaded_image(path):
    loader = LoadWholeImage(color_type="color_ignore_orientation")
    return loader.transform({"img_path": str(path)})["img"]


def external(path):
    [(_, label)] = external_labels(
        path if path.suffix != ".png" else path.parent / "labels", with_semantic(path), [ID]
    )
    return label


def external_folder(path):
    (path.parent / "labels").mkdir(exist_ok=True)
    (path.parent / "labels" / f"{ID}.png").write_bytes(path.read_bytes())
    return external(path)


MASK_READERS = {
    "scoring": lambda path: read_mask(path, "prediction"),
    "preparation": mask_files.read_mask,
    "class mask": linked("semantic", PreparedDataset.read_semantic),
    "instance mask": linked("instances", PreparedDataset.read_instances),
    "labels": of_folder(read_label),
    "external labels": external_folder,
    "training": loaded_label,
    "viewer": of_folder(pictures),
    "panels": of_folder(read_prediction),
}


def written(content):
    return lambda path: path.write_bytes(content)


def write_store(path, store, write):
    with store(path) as writer:
        write(writer)


def read_store(path, store, read):
    with store(path) as reader:
        return read(reader)


def write_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"deep/{ID}.png", encode_label(mask()))


def write_tar(path):
    with tarfile.open(path, "w:gz") as archive:
        content = encode_label(mask())
        member = tarfile.TarInfo(f"{ID}.png")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def weights():
    torch.manual_seed(0)
    return {"conv.weight": torch.randn(4, 3, 3, 3), "conv.bias": torch.zeros(4)}


def write_network(path):
    network = torch.nn.Conv2d(3, 4, 3)
    network.load_state_dict({k.removeprefix("conv."): v for k, v in weights().items()})
    save_network(path, "classifier", {"num_classes": 3}, network)


def restored(path):
    network = torch.nn.Conv2d(3, 4, 3)
    Checkpoint(path, 1).restore({"network": network}, "test")
    return dict(network.state_dict())


def write_training(path):
    network = torch.nn.Conv2d(3, 4, 3)
    network.load_state_dict({k.removeprefix("conv."): v for k, v in weights().items()})
    Checkpoint(path, 0).keep({"network": network}, 5)


def write_script(path):
    network = torch.nn.Conv2d(3, 4, 3)
    network.load_state_dict({k.removeprefix("conv."): v for k, v in weights().items()})
    torch.jit.save(torch.jit.script(network), path)


def by_script(path):
    network = load_saliency_network(path, torch.device("cpu"))
    return network(torch.ones(1, 3, 5, 5)).detach()


def checked_clip(path):
    """The scorer's check alone: to build CLIP takes real weights."""
    _check_content(path, "give others")
    return by_script(path)


def scores():
    rows = np.zeros(300, ROW)
    rows["class_id"], rows["iou"] = 3, np.linspace(0, 1, 300)
    rows["area"], rows["instance_id"] = np.arange(300), np.arange(300)
    frame = pd.DataFrame({name: rows[name] for name in ROW.names})
    frame["size"] = "small"
    frame.insert(0, "image", [f"2007_{number:06}" for number in range(300)])
    return frame


def write_candidates(path):
    import pyarrow as pa

    columns = {f.name: [1] * 50 if f.type == pa.int32() else [f.name] * 50 for f in SCHEMA}
    write_parquet(pa.table(columns, SCHEMA), path)


BOXES = [(f"2007_{number:06}", 3, 1, 2, 30 + number % 9, 40) for number in range(200)]


def table_of(path):
    root = path.parent / "data"
    prepared(root)
    (root / "boxes.parquet").unlink(missing_ok=True)
    (root / "boxes.parquet").symlink_to(path)
    return PreparedDataset.open(root).box_table


def checked_table(path):
    root = path.parent / "data"
    table_of(path)
    tables, findings = read_tables(root, [row[0] for row in BOXES])
    if "boxes" not in tables:
        [text] = [finding.problem for finding in findings if finding.file == "boxes.parquet"]
        raise ValueError(f"{path}: {text}")
    return [tables["boxes"].of(row[0]) for row in BOXES]


MAPS = np.linspace(0, 1, 60).reshape(1, 6, 10)
TORCH = {"meta": {}, "state_dict": weights()}
KINDS = {
    **{
        f"{kind} mask: {name}": (f"{ID}.png", written(content), read)
        for kind, content in (
            ("palette", mask_files.encode_mask(mask())),
            ("grey", png(mask())),
        )
        for name, read in MASK_READERS.items()
    },
    **{
        f"16-bit mask: {name}": (f"{ID}.png", written(png(mask(np.uint16) * 3)), read)
        for name, read in MASK_READERS.items()
        if name in ("scoring", "instance mask", "viewer", "panels")
    },
    "saliency map": (f"{ID}.png", written(png(mask())), of_folder(
        lambda folder, image: read_map(folder, image, SHAPE)
    )),
    "PNG as image: labels": ("i.jpg", written(png(pixels())), linked("images", read_image)),
    "PNG as image: training": ("i.jpg", written(png(pixels())), loaded_image),
    "PNG as image: preparation": ("i.jpg", written(png(pixels())), mask_files.read_rgb),
    "label archive": (
        "labels.zip",
        lambda path: write_store(path, write_labels, lambda writer: writer.write(ID, mask())),
        lambda path: read_store([path], LabelArchives, lambda reader: reader.read(ID)),
    ),
    "external zip": ("labels.zip", write_zip, external),
    "external tar": ("labels.tar.gz", write_tar, external),
    "activation maps": (
        "cams.npz",
        lambda path: write_store(path, write_cams, lambda to: to.write(ID, np.array([3]), MAPS)),
        lambda path: read_store(path, CamStore, lambda store: store.read(ID, (21, 37))),
    ),
    "attributions": (
        "boxes.npz",
        lambda path: write_store(path, write_attributions, lambda to: to.write(ID, 1, MAPS[0])),
        lambda path: read_store(path, AttributionStore, lambda store: store.read(ID, 1)),
    ),
    "attention": (
        "attention.npz",
        lambda path: write_attention(path, [(ID, (np.array([3]), (255 * MAPS).astype(np.uint8)))]),
        lambda path: read_attention(path, [ID])[ID],
    ),
    "label network": ("a.pth", write_network, lambda path: load_network(path, "classifier")),
    "stopped label training": ("a.pth", write_training, restored),
    "segmentor": ("a.pth", lambda path: save(TORCH, path), load),
    "stopped segmentor": ("a.pth", lambda path: save(TORCH, path), load_from_file),
    "weights": ("a.pth", lambda path: torch.save(weights(), path), lambda p: read_weights(p, "x")),
    "saliency network": ("a.pt", write_script, by_script),
    "weights of CLIP": ("a.pt", write_script, checked_clip),
    "weights of NumPy": (
        "a.npz",
        lambda path: np.savez(path, **{name: each.numpy() for name, each in weights().items()}),
        lambda path: read_weights(path, "x"),
    ),
    "table": ("b.parquet", lambda path: write_table(path, BOXES, TABLES["boxes"]), table_of),
    "check": ("b.parquet", lambda path: write_table(path, BOXES, TABLES["boxes"]), checked_table),
    "cuts": ("c.parquet", lambda path: write_cuts(path, [Cut(ID, 1, n, 2, 9, 9)
        for n in range(9)]), read_cuts),
    "candidates": ("c.parquet", write_candidates, lambda path: read_candidates(path).table),
    "curve": ("c.parquet", lambda path: write_frame(scores(), path), _read_rows),
    "reports": ("c.parquet", lambda path: write_frame(scores(), path), read_score_table),
    "viewed rows": ("c.parquet", lambda path: write_frame(scores(), path),
        lambda path: read_rows(path).columns),
    "mask of SBD": ("m.mat", lambda path: savemat(path, {"GTcls": {"Segmentation": np.where(
        mask() > 20, 0, mask())}}, do_compression=True), read_sbd_mask),
}  # fmt: skip


def plain(value):
    """What a reader returned, comparable."""
    if isinstance(value, pd.DataFrame):
        return plain({name: value[name].to_numpy() for name in value})
    if isinstance(value, torch.Tensor | np.ndarray):
        return np.asarray(value).dtype.str, np.asarray(value).tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_refused_by_name_or_harmless(kind, tmp_path):
    name, write, read = KINDS[kind]
    path = tmp_path / name
    write(path)
    content, expected = path.read_bytes(), plain(read(path))
    generator = np.random.default_rng(sum(kind.encode()))
    refused = 0
    for place in generator.integers(0, 8 * len(content), FLIPS).tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = read(path)
        except (ValueError, FileNotFoundError) as error:
            refused += 1
            # A link, or a copy in a folder, has a name of its own.
            names = path.name, f"{ID}.png", f"{ID}.jpg", "boxes.parquet"
            assert any(name in str(error) for name in names), error
            assert "\n" not in str(error)
        else:
            assert plain(found) == expected, f"bit {place % 8} of byte {place // 8}"
    assert refused > FLIPS // 4
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((ValueError, FileNotFoundError)):
        read(path)
