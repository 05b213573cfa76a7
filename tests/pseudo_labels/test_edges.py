import numpy as np
import pytest
import torch
from PIL import Image
from published_settings import published
from scipy import ndimage

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.irn.edge_training import train_edges
from smallobjects.pseudo_labels.irn.edges import (
    EdgeNetwork,
    load_edges,
    predict_edges,
    save_edges,
)
from smallobjects.pseudo_labels.irn.seed_samples import strided_label
from smallobjects.pseudo_labels.labels.archive import LabelArchives, write_labels
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
TINY = published(
    "irn.edges",
    network="tiny",
    initial="classifier",
    train_backbone=True,
    crop_size=32,
    rescale=(0.8, 1.2),
    batch_size=4,
    epochs=2,
    learning_rate=0.05,
    momentum=0.9,
    radius=4,
)


@pytest.fixture(scope="module")
def seeds(squares, tmp_path_factory):
    path = tmp_path_factory.mktemp("seeds") / "seeds.zip"
    with write_labels(path) as archive:
        for image_id in squares.split("train"):
            archive.write(image_id, squares.read_semantic(image_id))
    with LabelArchives([path]) as archives:
        yield archives


def train(squares, seeds, parameters=TINY, classifier=None, workers=0):
    torch.manual_seed(0)
    classifier = classifier or Classifier("tiny", 3)
    ids = squares.split("train")
    context = TrainingContext(squares, ids, seed=1, device=CPU, workers=workers)
    return train_edges(context, seeds, classifier, parameters)


def test_same_seed_same_bytes_whoever_loads(squares, seeds, tmp_path):
    save_edges(tmp_path / "a.pth", train(squares, seeds))
    save_edges(tmp_path / "b.pth", train(squares, seeds, workers=2))
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()
    first = train(squares, seeds).state_dict()
    loaded = load_edges(tmp_path / "a.pth").state_dict()
    assert all(torch.equal(first[key], loaded[key]) for key in first)


def test_finds_the_outlines(squares, seeds):
    network = train(squares, seeds, TINY.model_copy(update={"epochs": 60}))
    away, outline = [], []
    for image_id in squares.split("train"):
        edges = predict_edges(network, squares.read_image(image_id), None, CPU).numpy()
        inside = strided_label(squares.read_semantic(image_id)) != 0
        ring = ndimage.binary_dilation(inside) & ~ndimage.binary_erosion(inside)
        outline += list(ndimage.maximum_filter(edges, 3)[ring])
        away += list(edges[~ndimage.binary_dilation(inside, iterations=2)])
    assert np.mean(outline) > 0.5
    assert np.mean(away) < 0.2


@pytest.mark.parametrize("train_backbone", [False, True])
def test_backbone_starts_from_the_classifier(squares, seeds, train_backbone):
    torch.manual_seed(5)
    classifier = Classifier("tiny", 3)
    parameters = TINY.model_copy(update={"train_backbone": train_backbone})
    state = train(squares, seeds, parameters, classifier).backbone.state_dict()
    before = classifier.backbone.state_dict()
    changed = [key for key in before if not torch.equal(before[key], state[key])]
    assert bool(changed) == train_backbone
    assert not any("running" in key for key in changed)


def test_resnet50_takes_a_step_with_a_still_backbone(squares, seeds, tmp_path):
    import torchvision

    torch.manual_seed(0)
    weights = tmp_path / "resnet50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), weights)
    parameters = published(
        "irn.edges", weights=weights, crop_size=64, batch_size=2, epochs=1, radius=5
    )
    torch.manual_seed(0)
    network = train_edges(
        TrainingContext(squares, ["wide", "grey"], seed=0, device=CPU),
        seeds,
        Classifier("tiny", 3),
        parameters,
    )
    before = torch.load(weights, weights_only=True)
    state = network.backbone.state_dict()
    assert torch.equal(state["stages.layer4.0.conv1.weight"], before["layer4.0.conv1.weight"])
    assert torch.equal(state["stages.layer4.0.bn1.running_var"], before["layer4.0.bn1.running_var"])
    assert [branch[0].in_channels for branch in network.branches] == [64, 256, 512, 1024, 2048]
    assert network.join.in_channels == 160


@pytest.mark.parametrize("network", ["tiny", "resnet50"])
@pytest.mark.parametrize("size", [(24, 130), (41, 37), (64, 64)])
@pytest.mark.parametrize("pad_to", [None, 48])
def test_edges_cover_every_image_whole(network, size, pad_to):
    torch.manual_seed(0)
    model = EdgeNetwork(network).eval()
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    edges = predict_edges(model, image, pad_to, CPU)
    assert edges.shape == (-(-size[0] // 4), -(-size[1] // 4))
    assert 0 <= edges.min() <= edges.max() <= 1


def test_image_and_mirror_are_averaged_before_the_sigmoid():
    torch.manual_seed(0)
    model = EdgeNetwork("tiny").eval()
    image = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    mirrored = predict_edges(model, image[:, ::-1], None, CPU)
    assert torch.allclose(predict_edges(model, image, None, CPU), mirrored.flip(-1), atol=1e-5)


def test_quarter_labels_are_those_in_the_middle_of_a_cell():
    generator = np.random.default_rng(0)
    label = generator.integers(0, 255, (24, 40)).astype(np.uint8)
    by_pillow = Image.fromarray(label).resize((10, 6), Image.Resampling.NEAREST)
    assert np.array_equal(strided_label(label), np.asarray(by_pillow))
    assert strided_label(label[:21, :37]).shape == (6, 10)
    by_pillow = Image.fromarray(label[:16, :32]).resize((2, 1), Image.Resampling.NEAREST)
    assert np.array_equal(strided_label(label[:16, :32], 16), np.asarray(by_pillow))


def test_wrong_inputs_are_refused(squares, seeds, tmp_path):
    with pytest.raises(BadInputError, match="same `network`"):
        train(squares, seeds, TINY.model_copy(update={"network": "resnet50"}))
    path = tmp_path / "small.zip"
    with write_labels(path) as archive:
        for image_id in squares.split("train"):
            archive.write(image_id, np.zeros((5, 5), dtype=np.uint8))
    with LabelArchives([path]) as wrong, pytest.raises(BadInputError, match="make-seeds"):
        train(squares, wrong)
