"""Every training whose settings name `trained_from` leaves the stages before it as they were."""

import pytest
import torch
from small_trainings import (
    bana,
    bbam,
    classifier,
    edam,
    nsrom_classifier,
    nsrom_integral,
    rca,
)

from smallobjects.pseudo_labels.bbam.detector import Detector

TRAININGS = [classifier, bana, bbam, edam, nsrom_classifier, nsrom_integral, rca]


def weights(network, stage):
    """Those of a stage of the backbone, one after the other."""
    owner = network.parts.backbone if isinstance(network, Detector) else network
    values = owner.backbone.stages[stage].parameters()
    return torch.cat([value.detach().flatten() for value in values])


@pytest.mark.parametrize("train", TRAININGS)
def test_stages_before_the_first_that_is_trained_stay(squares, train):
    ids = squares.split("train")
    late, later, whole = (
        train(squares, ids, trained_from=stage) for stage in ("layer1", "layer2", "stem")
    )
    assert torch.equal(weights(late, "stem"), weights(later, "stem"))
    assert not torch.equal(weights(late, "stem"), weights(whole, "stem"))
    assert not torch.equal(weights(late, "layer1"), weights(later, "layer1"))
