"""BBAM's detector where it follows the public code in place of torchvision, against slow loops."""

import pytest
import torch
from published_settings import published
from torch.nn import functional
from torchvision.models.detection.image_list import ImageList
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from smallobjects.pseudo_labels.bbam.anchors import CentredAnchors, anchors_of_cell
from smallobjects.pseudo_labels.bbam.detector import Detector
from smallobjects.pseudo_labels.bbam.features import DetectorFeatures, Pyramid
from smallobjects.pseudo_labels.bbam.region_proposals import IGNORED, RegionProposals
from smallobjects.pseudo_labels.errors import BadInputError

NETWORK = published(
    "bbam.detector",
    network="efficientnet_lite0",
    pyramid=8,
    pooled=3,
    hidden=16,
    sampling={"before_suppression": 40, "after_suppression": 6, "shared_by": 2, "boxes": 8},
)


@pytest.fixture
def proposals():
    torch.manual_seed(0)
    anchors = CentredAnchors(((32,),), [4])
    return RegionProposals(anchors, 8, NETWORK.sampling).train()


def test_anchors_lie_around_the_middle_of_their_cell():
    cell = anchors_of_cell(4, 32)
    sides = torch.stack([cell[:, 2] - cell[:, 0], cell[:, 3] - cell[:, 1]], dim=1)
    assert sides.tolist() == [[48, 24], [32, 32], [24, 48]]
    assert ((cell[:, :2] + cell[:, 2:]) / 2).tolist() == [[2, 2]] * 3
    generator = CentredAnchors(((32,), (64,)), [4, 8])
    images = ImageList(torch.zeros(1, 3, 32, 44), [(32, 44)])
    [found] = generator(images, [torch.zeros(1, 8, 8, 11), torch.zeros(1, 8, 4, 6)])
    assert len(found) == 3 * (8 * 11 + 4 * 6)
    middles = (found[:, :2] + found[:, 2:]) / 2
    for row, column in ((0, 0), (3, 7)):
        place = 3 * (11 * row + column)
        assert middles[place : place + 3].tolist() == [[4 * column + 2, 4 * row + 2]] * 3
    # The coarser level has its stride, though 44 is no multiple of it.
    assert middles[-1].tolist() == [8 * 5 + 4, 8 * 3 + 4]


def test_the_sides_of_a_resnet_are_the_published_ones():
    features = DetectorFeatures(published("bbam.detector", network="resnet50_fpn"), None)
    assert features.strides == [4, 8, 16, 32, 64]
    assert features.names == ["0", "1", "2", "3"]


def test_anchors_across_the_border_count_for_nothing(proposals):
    anchors = torch.tensor(
        [[0.0, 0, 10, 10], [-1, 0, 10, 10], [0, 0, 31, 20], [0, 0, 20, 21.5], [2, 2, 30, 20]]
    )
    proposals._shapes = [(20, 30)]
    targets = [{"boxes": torch.tensor([[0.0, 0, 10, 10]]), "labels": torch.tensor([1])}]
    [labels], _ = proposals.assign_targets_to_anchors([anchors], targets)
    assert labels.tolist() == [1, IGNORED, IGNORED, IGNORED, 0]


def test_images_of_a_group_share_their_proposals(proposals):
    """Six are kept of both images: the second one's are better, so it has more."""
    boxes = torch.rand(3, 20, 2) * 60
    boxes = torch.cat([boxes, boxes + 4], dim=2)
    scores = torch.randn(3, 20, 1)
    scores[1] += 5
    kept, found = proposals.filter_proposals(boxes, scores, [(64, 64)] * 3, [20])
    assert len(kept[0]) + len(kept[1]) == 6
    assert len(kept[1]) > len(kept[0])
    assert len(kept[2]) == 6, "the third image is alone"
    best = torch.cat(found[:2]).min()
    alone, every = proposals._suppressed(boxes[0], scores[0, :, 0].sigmoid(), (64, 64), [20])
    assert len(alone) >= len(kept[0])
    assert all(score < best for score in every if score not in found[0])
    proposals.eval()
    kept, _ = proposals.filter_proposals(boxes, scores, [(64, 64)] * 3, [20])
    assert all(len(each) > 6 for each in kept)


def test_the_heads_loss_is_linear_from_one_on():
    torch.manual_seed(0)
    heads = Detector(NETWORK, 4).parts.roi_heads
    features = {name: torch.randn(1, 8, 16 // 2**k, 16 // 2**k) for k, name in enumerate("012")}
    boxes = [torch.tensor([[2.0, 2, 30, 40], [20, 10, 60, 50], [5, 5, 25, 20]])]
    targets = [{"boxes": boxes[0][:2] + 3, "labels": torch.tensor([1, 3])}]
    torch.manual_seed(1)
    found = heads.losses(features, boxes, [(64, 64)], targets)
    torch.manual_seed(1)
    sampled, _, labels, wanted = heads.select_training_samples(boxes, targets)
    logits, regressions = heads.box_predictor(
        heads.box_head(heads.box_roi_pool(features, sampled, [(64, 64)]))
    )
    total = 0.0
    for row, label in enumerate(labels[0].tolist()):
        if label == 0:
            continue
        for place in range(4):
            gap = abs(float(regressions[row, 4 * label + place] - wanted[0][row, place]))
            total += gap - 0.5 if gap >= 1 else gap * gap / 2
    assert float(found["loss_box_reg"]) == pytest.approx(total / len(labels[0]), rel=1e-4)
    expected = functional.cross_entropy(logits, labels[0])
    assert float(found["loss_classifier"]) == pytest.approx(float(expected), rel=1e-4)


def test_initial_weights_are_narrow():
    torch.manual_seed(0)
    predictor = Detector(
        NETWORK.model_copy(update={"hidden": 400}), 21
    ).parts.roi_heads.box_predictor
    assert predictor.cls_score.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert predictor.bbox_pred.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert not predictor.cls_score.bias.any()


def test_the_pyramid_is_enlarged_bilinearly():
    torch.manual_seed(0)
    pyramid = Pyramid([4, 6], 5, LastLevelMaxPool())
    fine, coarse = torch.randn(1, 4, 8, 10), torch.randn(1, 6, 4, 5)
    found = pyramid({"0": fine, "1": coarse})
    last = pyramid.inner_blocks[1](coarse)
    above = functional.interpolate(last, size=(8, 10), mode="bilinear", align_corners=False)
    expected = pyramid.layer_blocks[0](pyramid.inner_blocks[0](fine) + above)
    assert torch.allclose(found["0"], expected, atol=1e-6)
    assert list(found) == ["0", "1", "pool"]


def test_images_without_room_for_an_anchor_are_named(proposals):
    proposals._shapes = [(20, 30)]
    targets = [{"boxes": torch.tensor([[0.0, 0, 10, 10]]), "labels": torch.tensor([1])}]
    with pytest.raises(BadInputError, match="no anchor lies inside an image of 20×30"):
        proposals.assign_targets_to_anchors([torch.tensor([[-9.0, -9, 50, 50]])], targets)


def test_a_pyramid_without_any_level_is_named():
    network = published("bbam.detector", network="wide_resnet38", last_stage="stem")
    with pytest.raises(BadInputError, match=r"last_stage = 'stem': no stage of wide_resnet38"):
        DetectorFeatures(network, None)
