"""Every setting of every optimiser reaches it: a training with another value ends elsewhere."""

import pytest
import small_trainings as small
import torch

DESCENT = {"learning_rate": 0.02, "weight_decay": 0.3, "momentum": 0.5}
POLY = {"poly_power": 3.0, "schedule": "one-cycle"}
STEPS = {"schedule": "one-cycle"}
SETTINGS = {
    small.classifier: {**DESCENT, **POLY, "head_learning_rate": 0.2},
    small.pasted_classifier: {**DESCENT, **POLY, "head_learning_rate": 0.2, "schedule_share": 1.0},
    small.clims: {**DESCENT, **POLY, "head_learning_rate": 0.2},
    small.edges: {**DESCENT, "poly_power": 3.0},
    small.amn: {"learning_rate": 0.02, "head_learning_rate": 0.2, "weight_decay": 0.3},
    small.scorer: {"learning_rate": 0.02},
    small.bana: {**DESCENT, **STEPS, "decay_at": (1,)},
    small.bbam: {**DESCENT, **STEPS, "decay_at": (1,), "warm_up": 2},
    small.edam: {**DESCENT, **POLY, "head_learning_rate": 0.2, "warm_up": 2},
    small.nsrom_classifier: {**DESCENT, **STEPS, "new_factor": 3.0, "decay_epochs": (1,)},
    small.nsrom_integral: {**DESCENT, **STEPS, "new_factor": 3.0, "decay_epochs": (1,)},
    small.rca: {**DESCENT, **STEPS, "new_factor": 3.0, "decay_epochs": (1,)},
    small.saliency_on_masks: {"learning_rate": 0.02, "backbone_learning_rate": 0.02},
}
CASES = [
    pytest.param(train, name, value, id=f"{train.__name__}-{name}")
    for train, settings in SETTINGS.items()
    for name, value in settings.items()
]


def weights(network):
    """All of them, one after the other."""
    parts = getattr(network, "parts", network)
    return torch.cat([value.detach().flatten() for value in parts.parameters()])


@pytest.fixture(scope="module")
def usual():
    """The weights with which each training ends as it is, made once."""
    return {}


@pytest.mark.parametrize(("train", "name", "value"), CASES)
def test_another_value_ends_elsewhere(squares, usual, train, name, value):
    ids = squares.split("train")
    if train not in usual:
        usual[train] = weights(train(squares, ids))
        assert torch.equal(usual[train], weights(train(squares, ids))), "it is not repeatable"
    assert not torch.equal(usual[train], weights(train(squares, ids, **{name: value})))


@pytest.mark.parametrize("train", [small.nsrom_classifier, small.nsrom_integral, small.rca])
def test_rates_fall_by_the_factor_that_is_said(squares, train):
    ids = squares.split("train")
    ten, hundred = (
        weights(train(squares, ids, decay_epochs=(1,), decay=decay)) for decay in (0.1, 0.01)
    )
    assert not torch.equal(ten, hundred)
