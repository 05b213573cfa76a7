"""Every training whose settings name `trained_from` leaves the stages before it as they were."""

import numpy as np
import pytest
import torch
from published_settings import published

from smallobjects.pseudo_labels.bana.training import train_box_classifier
from smallobjects.pseudo_labels.bbam.detector import Detector
from smallobjects.pseudo_labels.bbam.training import train_detector
from smallobjects.pseudo_labels.cams.classifier import train_classifier
from smallobjects.pseudo_labels.edam.training import train_edam
from smallobjects.pseudo_labels.nsrom import classifier as nsrom
from smallobjects.pseudo_labels.nsrom.integral import train_integral
from smallobjects.pseudo_labels.rca.training import train_rca
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
COMMON = {"network": "tiny", "batch_norm": "trained", "learning_rate": 0.01}
SQUARE = {"input_size": 32, "batch_size": 4, "epochs": 2}
REASONING = {"width": 8, "nodes": 4, "states": 4}
CROPS = {"crop_size": 32, "resize_long_side": (32, 40)}
BBAM = {
    "last_stage": "layer2",
    "pyramid": None,
    "pooled": 3,
    "hidden": 8,
    "anchor_sizes": ((8, 16),),
    "short_sides": (32,),
    "longest_side": 64,
    "steps": 2,
    "batch_size": 2,
}


def classifier(dataset, ids, **stages):
    settings = published("irn.classifier", **COMMON, **CROPS, epochs=1, batch_size=4, **stages)
    return train_classifier(TrainingContext(dataset, ids, seed=0, device=CPU), settings)


def bana(dataset, ids, **stages):
    settings = published(
        "bana.box_classifier", **COMMON, crop_size=32, batch_size=4, steps=2, **stages
    )
    return train_box_classifier(TrainingContext(dataset, ids, seed=0, device=CPU), settings)


def bbam(dataset, ids, **stages):
    settings = published("bbam.detector", **COMMON, **BBAM, **stages)
    return train_detector(TrainingContext(dataset, ids, seed=0, device=CPU), settings)


def edam(dataset, ids, **stages):
    settings = published(
        "edam.edam",
        **COMMON,
        **CROPS,
        hidden=8,
        token_pooling=2,
        passes=1,
        recompute=False,
        **stages,
    )
    return train_edam(TrainingContext(dataset, ids, seed=0, device=CPU), settings)


def nsrom_classifier(dataset, ids, **stages):
    settings = published("nsrom.attention_classifier", **COMMON, **SQUARE, **REASONING, **stages)
    return nsrom.train_classifier(TrainingContext(dataset, ids, seed=0, device=CPU), settings)[0]


def nsrom_integral(dataset, ids, **stages):
    found = [
        np.zeros((len(dataset.image_classes.get(image_id, ())), 8, 8), np.uint8) for image_id in ids
    ]
    attention = {
        image_id: (np.array(dataset.image_classes.get(image_id, ())), maps)
        for image_id, maps in zip(ids, found, strict=True)
    }
    settings = published("nsrom.integral", **COMMON, **SQUARE, **REASONING, **stages)
    return train_integral(TrainingContext(dataset, ids, seed=0, device=CPU), attention, settings)


def rca(dataset, ids, **stages):
    settings = published(
        "rca.rca", **COMMON, **SQUARE, width=8, memory=6, prototypes=2, new_factor=1, **stages
    )
    return train_rca(TrainingContext(dataset, ids, seed=0, device=CPU), settings)[0]


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
