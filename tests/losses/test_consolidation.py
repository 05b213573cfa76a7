"""EWC in a plain loop, against the gradient of loss and penalty."""

import copy

import pytest
import torch
from torch import nn

from smallobjects.losses import (
    ElasticWeightConsolidation,
    ewc_penalty,
    normalise_fisher,
    size_balanced_loss,
)

SWITCH, END = 4, 9
LABELS = torch.randint(0, 3, (END, 2, 8, 8), generator=torch.Generator().manual_seed(1))
IMAGES = torch.randn(END, 2, 3, 8, 8, generator=torch.Generator().manual_seed(2))


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 3, 1))
    layers[2].bias.requires_grad_(False)
    return layers.double()


def sgd(model):
    trained = [each for each in model.parameters() if each.requires_grad]
    return torch.optim.SGD(trained, lr=0.1, momentum=0.9, weight_decay=0.01)


def loss_of(model, number):
    images, labels = IMAGES[number].double(), LABELS[number]
    tau = 1.0 if number < SWITCH else 5.0
    return size_balanced_loss(model(images), labels, tau)


def train(model, optimizer, ewc=None, numbers=range(END)):
    for number in numbers:
        if ewc is not None and number == SWITCH:
            ewc.switch()
        optimizer.zero_grad()
        loss_of(model, number).backward()
        if ewc is not None:
            ewc.after_backward()
        optimizer.step()
    return {name: each.detach().clone() for name, each in model.named_parameters()}


def train_by_autograd(strength):
    """The same with the penalty as a part of the loss."""
    model = network()
    optimizer = sgd(model)
    trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
    fisher = {name: torch.ones_like(each) for name, each in trained.items()}
    for number in range(END):
        if number == SWITCH:
            anchors = {name: each.detach().clone() for name, each in trained.items()}
            fisher = {name: normalise_fisher(each) for name, each in fisher.items()}
        optimizer.zero_grad()
        loss = loss_of(model, number)
        if number >= SWITCH:
            loss = loss + ewc_penalty(trained, anchors, fisher, strength)
        loss.backward()
        if number < SWITCH:
            for name, each in trained.items():
                fisher[name] = 0.9 * each.grad**2 + 0.1 * fisher[name]
        optimizer.step()
    return trained, float(ewc_penalty(trained, anchors, fisher, strength))


@pytest.mark.parametrize("strength", [0.5, 5.0])
def test_a_loop_is_that_of_loss_and_penalty(strength):
    model = network()
    ewc = ElasticWeightConsolidation(model.named_parameters(), strength)
    found = train(model, sgd(model), ewc)
    expected, penalty = train_by_autograd(strength)
    assert ewc.names == list(expected)
    for name, each in expected.items():
        torch.testing.assert_close(found[name], each.detach(), rtol=1e-10, atol=1e-12)
    assert penalty > 0
    assert float(ewc.penalty()) == pytest.approx(penalty, rel=1e-9)
    assert not ewc.penalty().requires_grad


def test_a_strength_of_0_is_no_penalty():
    one, other = network(), network()
    plain = train(one, sgd(one))
    tracked = train(other, sgd(other), ElasticWeightConsolidation(other.named_parameters(), 0.0))
    assert all(torch.equal(plain[name], tracked[name]) for name in plain)


@pytest.mark.parametrize("stop", [2, SWITCH, 7])
def test_it_goes_on_from_its_state(stop, tmp_path):
    model = network()
    ewc, optimizer = ElasticWeightConsolidation(model.named_parameters(), 5.0), sgd(model)
    undisturbed = network()
    whole = train(
        undisturbed,
        sgd(undisturbed),
        ElasticWeightConsolidation(undisturbed.named_parameters(), 5.0),
    )
    train(model, optimizer, ewc, range(stop))
    path = tmp_path / "state.pth"
    torch.save([model.state_dict(), optimizer.state_dict(), ewc.state_dict()], path)

    again = network()
    ewc, optimizer = ElasticWeightConsolidation(again.named_parameters(), 5.0), sgd(again)
    states = torch.load(path, weights_only=True)
    for part, state in zip((again, optimizer, ewc), states, strict=True):
        part.load_state_dict(state)
    assert ewc.switched == (stop > SWITCH)
    found = train(again, optimizer, ewc, range(stop, END))
    assert all(torch.equal(found[name], whole[name]) for name in whole)


def test_a_second_switch_changes_nothing():
    model = network()
    ewc = ElasticWeightConsolidation(dict(model.named_parameters()), 5.0)
    train(model, sgd(model), ewc)
    before = copy.deepcopy(ewc.state_dict())
    ewc.switch()
    after = ewc.state_dict()
    for part, tensors in before.items():
        assert all(torch.equal(tensors[name], after[part][name]) for name in ewc.names)


def test_parameters_that_a_step_did_not_use_stay_as_they_are():
    model = network()
    ewc = ElasticWeightConsolidation(model.named_parameters(), 5.0)
    assert float(ewc.penalty()) == 0
    model[0](torch.randn(1, 3, 8, 8).double()).sum().backward()
    ewc.after_backward()
    ewc.switch()
    ewc.after_backward()
    assert model[2].weight.grad is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": -1.0}, "strength = -1"),
        ({"strength": float("nan")}, "strength = nan"),
        ({"fisher_decay": 0.0}, "fisher_decay = 0"),
        ({"fisher_decay": 1.1}, "fisher_decay = 1.1"),
        ({"parameters": []}, "no parameter has requires_grad"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    values = {"parameters": network().named_parameters(), "strength": 1.0} | changes
    with pytest.raises(ValueError, match=message):
        ElasticWeightConsolidation(**values)


def test_the_state_of_another_network_is_refused():
    ewc = ElasticWeightConsolidation(network().named_parameters(), 1.0)
    other = ElasticWeightConsolidation(nn.Linear(2, 2).named_parameters(), 1.0)
    with pytest.raises(ValueError, match=r"of other parameters: 0\.bias, 0\.weight, 2\.weight"):
        ewc.load_state_dict(other.state_dict())
