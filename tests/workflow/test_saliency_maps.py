"""A method that reads saliency maps: bad ones stop it before its training, good ones do not."""

import json

import numpy as np
from PIL import Image

FEW = {"classifier": {"epochs": 1}}
EDAM = {"edam": {"passes": 1}}
MANIFEST = "results/demo/pseudo_labels/voc/edam/manifest.json"


def draw_maps(run, folder):
    """One map for each training image, from its mask; return their paths."""
    run.run("results/demo/datasets/voc/dataset.json")
    dataset = run.folder / "results/demo/datasets/voc"
    folder.mkdir()
    paths = []
    for image_id in (dataset / "splits/train_aug.txt").read_text().split():
        mask = np.asarray(Image.open(dataset / f"semantic/{image_id}.png"))
        paths.append(folder / f"{image_id}.png")
        Image.fromarray(np.where(mask > 0, 230, 9).astype(np.uint8)).save(paths[-1])
    return paths


def test_bad_maps_stop_a_run_before_anything_is_trained(workflow, tmp_path):
    given = tmp_path / "maps"
    saliency = {"source": "precomputed", "path": str(given)}
    methods = {"irn": {"stages": FEW}, "edam": {"stages": EDAM}}
    run = workflow(
        {
            "matrix": [{"labels": ["edam"], "segmentors": ["deeplabv2"]}],
            "settings": {"datasets": {"voc": {"saliency": saliency}}, "methods": methods},
        }
    )
    output = run.run(MANIFEST, succeeds=False)
    assert f"settings.datasets.voc.saliency.path = '{given}': there is no such" in output
    assert not (run.folder / "results/demo/raw").exists(), "stopped before the first job"
    given.parent.mkdir(exist_ok=True)
    # The path itself is checked first, so that the data can be drawn.
    paths = draw_maps(
        run.changed({"matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}]}), given
    )
    whole = paths[3].read_bytes()
    paths[3].write_bytes(whole[: len(whole) // 2])
    moved = paths[5].rename(paths[5].with_suffix(".jpg"))
    run.run(MANIFEST, "--keep-going", succeeds=False)
    log = (run.folder / "results/demo/logs/make_saliency/voc/train_aug.log").read_text()
    assert "2 of 24 saliency maps cannot be used" in log
    assert paths[3].name in log
    assert f"{paths[5].name}: missing" in log
    assert not (run.folder / "results/demo/saliency/voc/train_aug").exists()
    assert not (run.folder / MANIFEST).with_name("edam.pth").exists()
    paths[3].write_bytes(whole)
    moved.rename(paths[5])
    run.run(MANIFEST)
    content = json.loads((run.folder / MANIFEST).read_text())
    assert content["inputs"]["saliency"]["origin"] == saliency
    assert content["miou"]["exclude"] > content["stages"]["all_background"]
    assert "Nothing to be done" in run.run(MANIFEST)


def test_maps_are_learnt_on_the_masks_of_other_images(workflow):
    """The network waits for the dataset, of whose list a part is left for it."""
    training = {
        "_delete_": True, "split": "saliency", "network": "tiny", "trained_from": "stem",
        "batch_norm": "trained", "crop_size": 64, "steps": 4, "batch_size": 4,
    }  # fmt: skip
    splits = {
        "train_aug": {"source": ["train_most", "train_aug"], "limit": 14},
        "train": {"source": None, "from": "train_aug"},
        "saliency": {"source": "train_aug", "without": ["train_aug"]},
        "val": {"limit": 5},
    }
    voc = {"splits": splits, "longest_side": 80, "saliency": {"training": training}}
    run = workflow(
        {
            "matrix": [{"labels": ["edam"], "segmentors": ["deeplabv2"]}],
            "settings": {"datasets": {"voc": voc}},
        }
    )
    target = "results/demo/saliency/voc/train_aug"
    run.run(target)
    manifest = json.loads((run.folder / target / "manifest.json").read_text())
    assert manifest["images"] == 14
    assert manifest["origin"]["statement"] == "trained on masks of 10 other images"
    with Image.open(next((run.folder / target).glob("*.png"))) as saliency:
        assert saliency.size == (80, 80)
    logs = run.folder / "results/demo/logs"
    assert (logs / "train_saliency_on_masks/voc.log").is_file()
    assert not (logs / "train_saliency").exists()
