"""What people hand in: real samples, cut down, each with the command that reads it."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from download_inputs import download_inputs
from mutation_input import Input, run
from mutators import DAMAGE, FOREIGN
from network_inputs import network_inputs
from PIL import Image
from scipy.io import savemat


def all_inputs(realdata: Path, folder: Path) -> list[Input]:
    """Write the samples into a folder and return every kind of input."""
    prepared = _prepared(realdata, folder)
    return [
        *_voc(realdata, folder),
        *_coco(realdata, folder),
        *_lvis(realdata, folder),
        *_sbd(realdata, folder),
        *_scores(prepared, folder),
        *_labels(prepared, folder),
        *network_inputs(prepared, folder),
        *_tables(prepared, folder),
        *_archives(folder),
        *_configuration(folder),
        *download_inputs(folder),
    ]


def _voc_folder(realdata: Path, folder: Path) -> tuple[Path, list[str]]:
    """Three small photographs in VOC's layout."""
    source, target = realdata / "voc320" / "VOC2012", folder / "VOC2012"
    lists = source / "ImageSets" / "Segmentation"
    ids = (lists / "train.txt").read_text().split()[:3]
    for name, suffix in (
        ("JPEGImages", "jpg"),
        ("SegmentationClass", "png"),
        ("SegmentationObject", "png"),
        ("Annotations", "xml"),
    ):
        (target / name).mkdir(parents=True)
        for image_id in ids:
            shutil.copy(source / name / f"{image_id}.{suffix}", target / name)
    (target / "ImageSets" / "Segmentation").mkdir(parents=True)
    for name in ("train", "val"):
        (target / "ImageSets" / "Segmentation" / f"{name}.txt").write_text("\n".join(ids) + "\n")
    return target, ids


VOC_PARAMETERS = {
    "title": "VOC",
    "layout": "voc",
    "num_classes": 21,
    "raw": "-",
    "splits": {"train": {"source": "train"}},
    "train": "train",
    "label_score": "train",
    "evaluate": "train",
    "size_limits": [419, 3775],
    "semantic_masks": ["SegmentationClass"],
    "instance_masks": "SegmentationObject",
}


def _prepare(parameters: dict, raw: Path, output: Path) -> list[str]:
    command = ["prepare-dataset", "--name", parameters["layout"], "--raw", str(raw)]
    return [*command, "--parameters", json.dumps(parameters), "--output", str(output)]


def _prepared(realdata: Path, folder: Path) -> Path:
    raw, _ = _voc_folder(realdata, folder / "for_labels")
    done = run(_prepare(VOC_PARAMETERS, raw, folder / "prepared"))
    assert done.exit_code == 0, done.output
    return folder / "prepared"


def _voc(realdata: Path, folder: Path) -> list[Input]:
    raw, ids = _voc_folder(realdata, folder / "raw")
    output = folder / "out" / "voc"
    command = _prepare(VOC_PARAMETERS, raw, output)
    first = ids[0]

    def one(name: str, path: str, mutators, *named: str, exact: bool = False) -> Input:
        return Input(name, raw / path, command, [output], mutators, named, exact)

    return [
        one("VOC XML", f"Annotations/{first}.xml", DAMAGE + FOREIGN),
        one("VOC photograph", f"JPEGImages/{first}.jpg", DAMAGE),
        one("VOC class mask", f"SegmentationClass/{first}.png", DAMAGE, exact=True),
        one("VOC instance mask", f"SegmentationObject/{first}.png", DAMAGE, exact=True),
        one("VOC list", "ImageSets/Segmentation/train.txt", DAMAGE + FOREIGN, "no such image"),
    ]


def _coco(realdata: Path, folder: Path) -> list[Input]:
    source = realdata / "coco_tiny"
    content = json.loads((source / "annotations" / "instances_train2017.json").read_text())
    annotated = {one["image_id"] for one in content["annotations"]}
    images = [one for one in content["images"] if one["id"] in annotated][:2]
    chosen = {one["id"] for one in images}
    content["images"] = images
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] in chosen]
    raw = folder / "coco"
    (raw / "annotations").mkdir(parents=True)
    (raw / "images").mkdir()
    for image in images:
        shutil.copy(source / "train2017" / image["file_name"], raw / "images")
    path = raw / "annotations" / "instances.json"
    path.write_text(json.dumps(content))
    parameters = {
        "title": "COCO",
        "layout": "coco",
        "num_classes": 81,
        "raw": "-",
        "splits": {"train": {"source": "annotations/instances.json", "images": "images"}},
        "train": "train",
        "label_score": "train",
        "evaluate": "train",
        "size_limits": [1024, 9216],
    }
    output = folder / "out" / "coco"
    command = _prepare(parameters, raw, output)
    named = ("no such image",)
    return [Input("COCO annotations", path, command, [output], DAMAGE + FOREIGN * 3, named)]


def _lvis(realdata: Path, folder: Path) -> list[Input]:
    raw = folder / "lvis"
    raw.mkdir()
    content = json.loads((realdata / "lvis" / "lvis_val_100.json").read_text())
    content["images"] = content["images"][:8]
    chosen = {one["id"] for one in content["images"]}
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] in chosen]
    path = raw / "lvis_v0.5_val.json"
    path.write_text(json.dumps(content))
    output = folder / "out" / "candidates.parquet"
    coco = {name: content["images"] if name == "images" else [] for name in content}
    coco["categories"] = [{"id": 64, "name": "potted plant"}]
    (raw / "coco.json").write_text(json.dumps(coco))
    parameters = json.dumps({"annotations": [path.name], "coco_annotations": ["coco.json"]})
    command = ["find-candidates", "--raw", str(raw), "--parameters", parameters]
    command += ["--output", str(output)]
    return [Input("LVIS annotations", path, command, [output], DAMAGE + FOREIGN * 3)]


def _sbd(realdata: Path, folder: Path) -> list[Input]:
    voc, ids = _voc_folder(realdata, folder / "sbd_voc")
    lists = voc / "ImageSets" / "Segmentation"
    lists.joinpath("val.txt").write_text(f"{ids[2]}\n")
    lists.joinpath("train.txt").write_text(f"{ids[0]}\n")
    sbd = folder / "sbd"
    (sbd / "cls").mkdir(parents=True)
    mask = np.array(Image.open(voc / "SegmentationClass" / f"{ids[1]}.png"))
    path = sbd / "cls" / f"{ids[1]}.mat"
    savemat(path, {"GTcls": {"Segmentation": mask % 21}}, do_compression=True)
    (sbd / "train.txt").write_text(f"{ids[1]}\n")
    (sbd / "val.txt").write_text("")
    output = folder / "out" / "joined"
    command = ["convert-sbd", "--voc", str(voc), "--sbd", str(sbd), "--output", str(output)]
    return [
        Input("SBD mask", path, command, [output], DAMAGE),
        Input("SBD list", sbd / "train.txt", command, [output], DAMAGE + FOREIGN, ("no such",)),
    ]


def _scores(prepared: Path, folder: Path) -> list[Input]:
    predictions = shutil.copytree(prepared / "semantic", folder / "predictions")
    semantic = shutil.copytree(prepared / "semantic", folder / "semantic")
    instances = shutil.copytree(prepared / "instances", folder / "instances")
    first = sorted(predictions.iterdir())[0].name
    images = folder / "images.txt"
    images.write_text("\n".join(sorted(path.stem for path in predictions.iterdir())) + "\n")
    output = folder / "out" / "scores.json"
    command = ["score", "--predictions", str(predictions), "--semantic", str(semantic)]
    command += ["--instances", str(instances), "--num-classes", "21", "--images", str(images)]
    command += ["--resamples", "0", "--output", str(output)]
    return [
        Input("prediction", predictions / first, command, [output], DAMAGE, exact=True),
        Input("class mask", semantic / first, command, [output], DAMAGE, exact=True),
        Input("instance mask", instances / first, command, [output], DAMAGE, exact=True),
        Input("list of images", images, command, [output], DAMAGE + FOREIGN),
    ]


def _labels(prepared: Path, folder: Path) -> list[Input]:
    single = shutil.copytree(prepared / "semantic", folder / "mine")
    packed = folder / "mine.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(single.iterdir()):
            archive.write(path, path.name)
    outputs = [folder / "out" / "labels", folder / "out" / "manifest.json"]

    def command(source: Path) -> list[str]:
        words = ["external-labels", "--dataset", str(prepared), "--split", "train"]
        words += ["--score-split", "train", "--name", "mine", "--from", str(source)]
        return [*words, "--labels", str(outputs[0]), "--manifest", str(outputs[1])]

    first = sorted(single.iterdir())[0]
    maps = folder / "saliency"
    maps.mkdir()
    for path in sorted(single.iterdir()):
        grey = np.array(Image.open(path)) % 21 * 12
        Image.fromarray(grey.astype(np.uint8)).save(maps / path.name)
    saliency = folder / "out" / "maps"
    parameters = json.dumps({"source": "precomputed", "path": str(maps)})
    make = ["make-saliency", "--dataset", str(prepared), "--split", "train", "--from", str(maps)]
    make += ["--parameters", parameters, "--output", str(saliency)]
    return [
        Input("label", first, command(single), outputs, DAMAGE, exact=True),
        Input("labels (zip)", packed, command(packed), outputs, DAMAGE, exact=True),
        Input("saliency map", maps / first.name, make, [saliency], DAMAGE, exact=True),
    ]


def _tables(prepared: Path, folder: Path) -> list[Input]:
    path = folder / "instances.parquet"
    masks = str(prepared / "semantic")
    score = ["score", "--predictions", masks, "--semantic", masks, "--num-classes", "21"]
    score += ["--instances", str(prepared / "instances"), "--resamples", "0"]
    done = run([*score, "--output", str(folder / "s.json"), "--instances-output", str(path)])
    assert done.exit_code == 0, done.output
    output = folder / "out" / "curve.png"
    command = ["curve", "--instances", str(path), "--resamples", "10", "--output", str(output)]
    outputs = [output, output.with_suffix(".csv")]
    return [Input("table of instances", path, command, outputs, DAMAGE, exact=True)]


def _archives(folder: Path) -> list[Input]:
    content = folder / "content" / "data"
    content.mkdir(parents=True)
    for number in range(3):
        (content / f"{number}.txt").write_text("some text\n" * 50)
    packed, tarred = folder / "data.zip", folder / "data.tar.gz"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(content.iterdir()):
            archive.write(path, f"data/{path.name}")
    with tarfile.open(tarred, "w:gz") as archive:
        archive.add(content, "data")
    output = folder / "out" / "unpacked"
    return [
        Input(
            kind,
            path,
            ["unpack", str(path), "--member", "data", "--output", str(output)],
            [output],
            DAMAGE,
            exact=kind == "zip archive",
        )
        for kind, path in (("zip archive", packed), ("tar archive", tarred))
    ]


def _configuration(folder: Path) -> list[Input]:
    path = folder / "mine.yaml"
    path.write_text(
        "scale: demo\nresults: out\ndatasets: [voc, coco]\nlosses: [ce, sb]\nseeds: [0, 1]\n"
        "matrix:\n  - labels: [irn, full]\n    segmentors: [deeplabv2]\n"
        "settings:\n  methods:\n    irn: {stages: {seed: {background_threshold: 0.2}}}\n"
        "  datasets:\n    voc: {size_limits: [100, 900]}\n"
    )
    config = Path(__file__).parents[2] / "config" / "config.yaml"
    command = ["status", "--config", str(config), "--configfile", str(path)]
    return [
        Input(
            "configuration",
            path,
            command,
            [],
            DAMAGE + FOREIGN * 2,
            ("settings", "methods.", "datasets.", "segmentors.", " = ", "missing"),
        )
    ]
