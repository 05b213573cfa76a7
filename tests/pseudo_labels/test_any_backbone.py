"""Every network that makes labels takes every backbone of the table, a new one by being there."""

import pytest
import torch
from published_settings import published
from torch.nn import functional

from smallobjects.backbones.table import known_backbones
from smallobjects.pseudo_labels.amn.network import AmnNetwork
from smallobjects.pseudo_labels.bana.network import BoxClassifier
from smallobjects.pseudo_labels.bbam.detector import Detector, load_detector, save_detector
from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.edam.network import EdamNetwork
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.irn.edges import EdgeNetwork
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.rca.network import RcaNetwork
from smallobjects.pseudo_labels.rib.maps import TunableClassifier

CLASSES = 3
HEIGHT, WIDTH = 38, 51
BOXES = torch.tensor([[[1.0, 4, 4, 30, 30]], [[2.0, 10, 5, 40, 30]]])


@pytest.fixture(scope="module", params=known_backbones())
def backbone(request):
    torch.manual_seed(0)
    return request.param


@pytest.fixture(scope="module")
def images():
    return torch.randn(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))


def learns(loss, network):
    """Its gradients are finite, and reach the first stage of the backbone."""
    loss.backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    first = next(p for name, p in network.named_parameters() if "stages.stem" in name)
    assert first.grad is not None


def test_classifier_and_rib(backbone, images):
    classifier = Classifier(backbone, CLASSES)
    logits = classifier(images)
    learns(functional.multilabel_soft_margin_loss(logits, torch.ones_like(logits)), classifier)
    tunable = TunableClassifier(classifier.eval(), published("rib.rib"))
    with torch.no_grad():
        maps = functional.relu(tunable.tuned(tunable.fixed(images)))
        assert torch.equal(maps, classifier.activation_maps(images))


def test_edges(backbone, images):
    network = EdgeNetwork(backbone)
    logits = network(images)
    assert logits.shape == (2, -(-HEIGHT // 4), -(-WIDTH // 4))
    learns(logits.square().mean(), network)


def test_amn(backbone, images):
    network = AmnNetwork(backbone, CLASSES, (1, 2))
    logits = network(images, torch.eye(CLASSES)[:2])
    assert logits.shape[:2] == (2, CLASSES + 1)
    learns(logits.square().mean(), network)


def test_bana(backbone, images):
    network = BoxClassifier(backbone, CLASSES + 1)
    background = torch.ones(2, HEIGHT, WIDTH)
    background[:, 4:30, 4:40] = 0
    logits, targets = network(images, BOXES, background, cells=2, bins=2, least_background=0.1)
    learns(functional.cross_entropy(logits, targets), network)


@pytest.mark.parametrize("integral", [True, False])
def test_nsrom(backbone, images, integral):
    settings = published("nsrom.integral", network=backbone, width=16, nodes=4, states=8)
    network = AttentionNetwork(CLASSES, settings, integral=integral)
    learns(network(images).square().mean(), network)


def test_rca_with_bounded_features(backbone, images):
    settings = published(
        "rca.rca",
        network=backbone,
        width=8,
        memory=6,
        prototypes=2,
        features=12,
        head_deviation=0.1,
    )
    network = RcaNetwork(CLASSES, settings)
    fine, coarse, embeddings, features = network(images)
    assert fine.shape == coarse.shape
    assert embeddings.shape[1] == features.shape[1] == network.memory.vectors.shape[-1] == 12
    assert {id(p) for p in network.reduction.parameters()} <= {
        id(p) for layer in network.new for p in layer.parameters()
    }
    learns(fine.square().mean() + embeddings.square().mean(), network)


def test_edam(backbone, images):
    settings = published("edam.edam", network=backbone, hidden=8, token_pooling=2, recompute=False)
    network = EdamNetwork(CLASSES, settings)
    logits = network(images[None], torch.tensor([[1, 3]]))
    assert logits.shape == (1, 2, 2)
    learns(logits.square().mean(), network)


@pytest.mark.parametrize("pyramid", [16, None])
def test_bbam(backbone, images, pyramid, tmp_path):
    sizes = None if pyramid else ((16, 32),)
    few = {"before_suppression": 20, "after_suppression": 10, "anchors": 16, "boxes": 8}
    settings = published(
        "bbam.detector",
        network=backbone,
        pyramid=pyramid,
        pooled=3,
        hidden=16,
        anchor_sizes=sizes,
        sampling=few,
    )
    detector = Detector(settings, CLASSES + 1)
    shapes = torch.tensor([[HEIGHT, WIDTH]] * 2)
    learns(detector.losses(images, shapes, BOXES), detector)
    save_detector(tmp_path / "detector.pth", detector)
    loaded = load_detector(tmp_path / "detector.pth", CLASSES + 1)
    assert loaded.settings == detector.settings
    wrong = settings.model_copy(update={"anchor_sizes": ((8,),) * 9})
    with pytest.raises(BadInputError, match="levels of the strides"):
        Detector(wrong, CLASSES + 1)
