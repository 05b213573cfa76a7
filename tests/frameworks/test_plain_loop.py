"""The plain loop itself: what the loops of other libraries are compared with."""

import pytest
import torch
from toy_task import (
    ARMS,
    BATCH,
    CROSS_ENTROPY,
    STEPS,
    SWITCH,
    Scenes,
    network,
    scores_of,
    train_plainly,
)

from smallobjects.losses import ElasticWeightConsolidation, size_balanced_loss


def test_it_learns_and_the_arms_part_at_the_switch():
    trained = {name: train_plainly(arm) for name, arm in ARMS.items()}
    losses = {name: each for name, (_, each) in trained.items()}
    assert losses["ce"][:SWITCH] == losses["sw"][:SWITCH] == losses["sb"][:SWITCH]
    # The first step after the switch starts from equal parameters: L_sw alone tells it apart.
    assert losses["sw"][SWITCH] == losses["sb"][SWITCH] != losses["ce"][SWITCH]
    assert losses["sw"][-1] != losses["sb"][-1]
    assert losses["ce"][-1] < losses["ce"][0] / 2
    scores = {name: scores_of(model)["ia_miou"] for name, (model, _) in trained.items()}
    assert min(scores.values()) > 2 * scores_of(network())["ia_miou"]


def test_the_loss_after_the_switch_is_that_of_the_weights():
    """The first L_sw, from the parameters at the switch and loops over components."""
    from flood_fill import flood_fill_weights

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step, batch in enumerate(torch.utils.data.DataLoader(Scenes(), BATCH)):
        logits = torch.nn.functional.interpolate(
            model(batch["pixel_values"]), batch["labels"].shape[1:], mode="bilinear"
        )
        if step == SWITCH:
            break
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, batch["labels"], ignore_index=255).backward()
        optimizer.step()
    weights = torch.stack(
        [torch.as_tensor(flood_fill_weights(each.numpy(), 5.0)) for each in batch["labels"]]
    )
    each = torch.nn.functional.cross_entropy(
        logits, batch["labels"], ignore_index=255, reduction="none"
    )
    expected = float((weights * each).sum() / weights.sum())
    assert train_plainly(ARMS["sw"])[1][SWITCH] == pytest.approx(expected, rel=1e-4)


def test_arms_that_are_equal_in_theory_are_equal():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for batch in torch.utils.data.DataLoader(Scenes(), BATCH):
        optimizer.zero_grad()
        logits = torch.nn.functional.interpolate(
            model(batch["pixel_values"]), batch["labels"].shape[1:], mode="bilinear"
        )
        loss = torch.nn.functional.cross_entropy(logits, batch["labels"], ignore_index=255)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert train_plainly(CROSS_ENTROPY)[1] == pytest.approx(losses, rel=1e-4)
    assert len(losses) == STEPS


@pytest.mark.parametrize("stop", [SWITCH - 2, SWITCH, SWITCH + 3])
def test_it_goes_on_from_a_checkpoint_before_at_and_after_the_switch(stop, tmp_path):
    arm = ARMS["sb"]
    _, expected = train_plainly(arm)
    batches = list(torch.utils.data.DataLoader(Scenes(), BATCH))
    losses = []
    for first, last in ((0, stop), (stop, STEPS)):
        model = network(seed=first)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        ewc = ElasticWeightConsolidation(model.named_parameters(), arm.strength)
        if first:
            state = torch.load(tmp_path / "state.pt", weights_only=True)
            for part, name in ((model, "model"), (optimizer, "optimizer"), (ewc, "ewc")):
                part.load_state_dict(state[name])
        for step in range(first, last):
            if step == SWITCH:
                ewc.switch()
            optimizer.zero_grad()
            batch = batches[step]
            tau = arm.tau if ewc.switched else 1.0
            loss = size_balanced_loss(model(batch["pixel_values"]), batch["labels"], tau=tau)
            loss.backward()
            ewc.after_backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        parts = {"model": model, "optimizer": optimizer, "ewc": ewc}
        torch.save({name: part.state_dict() for name, part in parts.items()}, tmp_path / "state.pt")
    assert losses == expected
