"""A saliency network trained on the masks of other images, without their classes."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from irn_chain import call

from smallobjects.backbones.table import build_backbone
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.saliency_parameters import SaliencyMaskTraining, SaliencyNetwork
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.saliency.backbone_network import BackboneSaliencyNetwork
from smallobjects.pseudo_labels.saliency.maps import read_map, read_origin
from smallobjects.pseudo_labels.saliency.mask_training import (
    MaskSample,
    images_apart,
    train_saliency_on_masks,
    weighted_loss,
)
from smallobjects.pseudo_labels.saliency.model import load_saliency_network, predict_map
from smallobjects.pseudo_labels.saliency.training import save_saliency_network

CPU = torch.device("cpu")
NETWORK = SaliencyNetwork(input_size=None, activation="sigmoid", stretch=False)
TINY = {
    "split": "saliency", "network": "tiny", "trained_from": "stem", "batch_norm": "trained",
    "crop_size": 32, "steps": 60, "batch_size": 4, "backbone_learning_rate": 0.01,
    "learning_rate": 0.01,
}  # fmt: skip


@pytest.fixture(scope="module")
def apart(squares, tmp_path_factory):
    """The squares, parted: most to learn saliency on, some to train on, some to evaluate."""
    root = shutil.copytree(squares.root, tmp_path_factory.mktemp("apart") / "data")
    ids = squares.split("train")
    parts = {"train": ids[1:4], "val": ids[4:6], "saliency": [ids[0], *ids[6:]]}
    for name, part in parts.items():
        (root / f"splits/{name}.txt").write_text("\n".join(part) + "\n")
    roles = {"train": "train", "label_score": "train", "evaluate": "val"}
    (root / "dataset.json").write_text(json.dumps(squares.description | roles))
    return PreparedDataset.open(root)


def test_maps_of_images_whose_masks_nobody_saw(apart, tmp_path):
    files = [tmp_path / name for name in ("first.pt", "second.pt")]
    for path in files:
        call(
            "train-saliency-on-masks", "--dataset", apart.root, "--parameters", json.dumps(TINY),
            "--network", NETWORK.model_dump_json(), "--seed", 3, "--device", "cpu",
            "--output", path,
        )  # fmt: skip
    assert files[0].read_bytes() == files[1].read_bytes()
    parameters = {"source": "trained", "training": TINY, "network": NETWORK.model_dump()}
    call(
        "make-saliency", "--dataset", apart.root, "--split", "train", "--from", files[0],
        "--parameters", json.dumps(parameters), "--device", "cpu", "--output", tmp_path / "maps",
    )  # fmt: skip
    agreed = union = 0
    for image_id in apart.split("train"):
        semantic = apart.read_semantic(image_id)
        found = read_map(tmp_path / "maps", image_id, semantic.shape) > 127
        agreed += (found & (semantic > 0))[semantic < 255].sum()
        union += (found | (semantic > 0))[semantic < 255].sum()
    assert agreed / union > 0.6
    origin = read_origin(tmp_path / "maps")["origin"]
    assert origin["statement"] == f"trained on masks of {len(apart.split('saliency'))} other images"
    assert origin["sha256"] == hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert origin["training"] == SaliencyMaskTraining(**TINY).model_dump(mode="json")


@pytest.mark.parametrize("role", ["train", "label_score", "evaluate"])
def test_an_image_that_is_used_elsewhere_is_refused(apart, tmp_path, role):
    root = shutil.copytree(apart.root, tmp_path / "data")
    other = {"train": "train", "label_score": "scored", "evaluate": "val"}[role]
    description = apart.description | {"label_score": "scored"}
    (root / "dataset.json").write_text(json.dumps(description))
    (root / "splits/scored.txt").write_text("other\n")
    [first, *_] = apart.split("saliency")
    with (root / f"splits/{other}.txt").open("a") as file:
        file.write(f"{first}\n")
    output = call(
        "train-saliency-on-masks", "--dataset", root, "--parameters", json.dumps(TINY),
        "--device", "cpu", "--output", tmp_path / "net.pt", code=1,
    )  # fmt: skip
    assert f"saliency.txt: 1 of its 7 images, such as {first}, are in '{other}' ({role})" in output
    assert f"give the split 'saliency' `without: [{other}]`" in output
    assert not (tmp_path / "net.pt").exists()


def test_a_split_or_weights_that_are_not_there_are_refused(apart, tmp_path):
    with pytest.raises(FileNotFoundError, match="no split 'none'"):
        images_apart(apart, "none")
    wrong = SaliencyMaskTraining(
        split="saliency", network="efficientnet_lite0", weights=tmp_path / "none.pth"
    )
    with pytest.raises(BadInputError, match=r"none\.pth: no such file"):
        train_saliency_on_masks(apart, NETWORK, wrong, seed=0, device=CPU)


@pytest.mark.parametrize("size", [16, 80])
def test_a_sample_is_a_window_of_image_and_mask(apart, size):
    """Each sample has a place in the image, mirrored or not, at which everything is as there."""
    sample = MaskSample(apart, NETWORK, size)
    [image_id] = apart.split("saliency")[:1]
    image, semantic = apart.read_image(image_id) / 255, apart.read_semantic(image_id)
    padding = ((size, size), (size, size))
    for seed in range(6):
        crop, objects, weights = sample(image_id, np.random.default_rng(seed))
        assert crop.shape == (3, size, size)
        assert objects.shape == weights.shape == (1, size, size)
        assert {array.dtype for array in (crop, objects, weights)} == {np.dtype(np.float32)}
        found = 0
        for pixels, mask in ((image, semantic), (image[:, ::-1], semantic[:, ::-1])):
            mean = (pixels - NETWORK.mean) / NETWORK.deviation
            wide = np.pad(mean, (*padding, (0, 0))).transpose(2, 0, 1)
            classes = np.pad(mask, padding, constant_values=255)
            for y in range(classes.shape[0] - size + 1):
                for x in range(classes.shape[1] - size + 1):
                    there = classes[y : y + size, x : x + size]
                    if not np.array_equal(weights[0], there != 255):
                        continue
                    same = np.allclose(crop, wide[:, y : y + size, x : x + size], atol=1e-5)
                    found += same and np.array_equal(objects[0], (there > 0) & (there < 255))
        assert found == 1


def test_loss_counts_pixels_that_are_known():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 1, 5, 6, generator=generator)
    objects = (torch.rand(2, 1, 5, 6, generator=generator) > 0.5).float()
    weights = (torch.rand(2, 1, 5, 6, generator=generator) > 0.3).float()
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    terms = [
        -np.log(q if is_object else 1 - q)
        for q, is_object, counted in zip(p.flat, objects.flatten(), weights.flatten(), strict=True)
        if counted
    ]
    assert weighted_loss(logits, objects, weights).item() == pytest.approx(np.mean(terms), rel=1e-5)
    assert weighted_loss(logits, objects, 0 * weights).item() == 0


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50", "vgg16"])
def test_networks_are_saved_as_torchscript(name, tmp_path):
    """What is read back predicts the same at a size that it has never had."""
    torch.manual_seed(0)
    network = BackboneSaliencyNetwork(build_backbone(name)).eval()
    save_saliency_network(tmp_path / "net.pt", network)
    image = np.random.default_rng(3).integers(0, 256, (75, 50, 3)).astype(np.uint8)
    loaded = load_saliency_network(tmp_path / "net.pt", CPU)
    assert np.array_equal(predict_map(loaded, image, NETWORK), predict_map(network, image, NETWORK))
    assert network(torch.zeros(2, 3, 75, 50)).shape == (2, 1, 75, 50)


@pytest.mark.parametrize("trained_from", [None, "layer3"])
def test_only_the_stages_that_are_asked_for_are_trained(apart, trained_from):
    changes = {"steps": 2, "trained_from": trained_from, "batch_norm": "frozen"}
    training = SaliencyMaskTraining(**TINY | changes)
    trained = train_saliency_on_masks(apart, NETWORK, training, seed=4, device=CPU)
    untrained = train_saliency_on_masks(
        apart,
        NETWORK,
        training.model_copy(update={"learning_rate": 1e-30, "backbone_learning_rate": 1e-30}),
        seed=4,
        device=CPU,
    )
    before = untrained.backbone.state_dict()
    changed = {
        key.split(".")[1]
        for key, value in trained.backbone.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert changed == ({"layer3", "layer4"} if trained_from else set())
    assert not trained.training
