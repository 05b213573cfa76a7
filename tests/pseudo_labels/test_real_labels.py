"""The stages on real photographs."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from published_settings import published

from smallobjects.cli import main
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.irn.hard_label_crf import refine_labels

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def voc(realdata, tmp_path_factory):
    """The photographs whose instance masks are official."""
    root = tmp_path_factory.mktemp("real") / "voc"
    parameters = {
        "title": "VOC",
        "layout": "voc",
        "raw": "given",
        "num_classes": 21,
        "splits": {"train": {"source": "train_obj"}},
        "train": "train",
        "label_score": "train",
        "evaluate": "train",
    }
    arguments = ["prepare-dataset", "--name", "voc", "--parameters", json.dumps(parameters)]
    arguments += ["--raw", realdata / "VOCdevkit" / "VOC2012", "--output", root]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return PreparedDataset.open(root)


def test_ground_truth(voc, tmp_path):
    arguments = ["ground-truth-labels", "--dataset", voc.root, "--split", "train"]
    arguments += ["--score-split", "train", "--labels", tmp_path / "labels"]
    arguments += ["--manifest", tmp_path / "manifest.json"]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["images"] == len(voc.split("train")) == 24
    assert manifest["miou"]["exclude"] == 1
    assert manifest["warnings"] == []
    assert 0.01 < manifest["void_share"] < 0.15
    assert 0 < manifest["stages"]["all_background"] < 0.1


def test_crf_mends_noisy_masks(voc):
    """With the published settings, a photograph's colours undo most of the noise in a mask."""
    generator = np.random.default_rng(0)
    before, after = [], []
    for image_id in voc.split("train")[:6]:
        image, truth = voc.read_image(image_id), voc.read_semantic(image_id)
        ids = np.unique(truth[truth != 255])
        clean = np.searchsorted(ids, np.where(truth == 255, 0, truth))
        noise = generator.random(truth.shape) < 0.2
        noisy = np.where(noise, generator.integers(0, len(ids), truth.shape), clean)
        refined = refine_labels(image, noisy, len(ids), published("irn.seed.crf"))
        valid = truth != 255
        before.append((noisy != clean)[valid].mean())
        after.append((refined != clean)[valid].mean())
    assert np.mean(after) < 0.4 * np.mean(before)


def test_walk_on_a_real_grid_keeps_the_size(voc):
    from smallobjects.pseudo_labels.irn.edges import EdgeNetwork, predict_edges
    from smallobjects.pseudo_labels.irn.propagation import propagate_label

    torch.manual_seed(0)
    network = EdgeNetwork("resnet50").eval()
    image_id = voc.split("train")[0]
    image = voc.read_image(image_id)
    height, width = image.shape[:2]
    edges = predict_edges(network, image, None, torch.device("cpu"))
    maps = np.random.default_rng(0).random((2, *edges.shape)).astype(np.float32)
    label = propagate_label(
        np.array([3, 15]), maps, edges, height, width, published("irn.random_walk")
    )
    assert label.shape == (height, width)
    assert set(np.unique(label)) <= {0, 3, 15}


def test_boxes_of_photographs(voc):
    """Filled boxes hold the objects; labels of both box methods stay in them, unlearnt too."""
    from smallobjects.pseudo_labels.bana.labels import label_image
    from smallobjects.pseudo_labels.bana.network import BoxClassifier
    from smallobjects.pseudo_labels.bbam.labels import label_image as label_by_masks
    from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, FilledBoxes, inside
    from smallobjects.pseudo_labels.labels.scores import LabelScores, mean_iou

    boxes, filled, scores = AnnotatedBoxes(voc), FilledBoxes(voc), LabelScores(voc.num_classes)
    covered = total = 0
    for image_id in voc.split("train"):
        truth, label = voc.read_semantic(image_id), filled(image_id)
        scores.add(truth, label)
        objects = (truth != 0) & (truth != 255)
        covered, total = covered + (label[objects] != 0).sum(), total + objects.sum()
    assert covered > 0.97 * total
    assert 0.4 < mean_iou(scores.confusion("exclude")) < 0.8
    torch.manual_seed(0)
    classifier = BoxClassifier("tiny", voc.num_classes).eval()
    for image_id in voc.split("train")[:2]:
        image = voc.read_image(image_id)
        objects = boxes.of(image_id, image.shape[:2])
        unseen = {item.object_id: np.zeros((0, 0), np.float32) for item in objects}
        cpu = torch.device("cpu")
        labels = [
            label_image(classifier, image, objects, published("bana.label"), cpu).agreed,
            label_by_masks(image, objects, unseen, published("bbam.label")),
        ]
        for label in labels:
            assert label.shape == image.shape[:2]
            assert not label[~inside(objects, label.shape)].any()
            assert set(np.unique(label)) <= {0, 255, *(item.class_id for item in objects)}
