"""L_sb in a loop with accelerate, with accumulation and in bfloat16."""

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from toy_task import ARMS, BATCH, RATE, SWITCH, Scenes, network, scores_of, train_plainly

from smallobjects.losses import ElasticWeightConsolidation, size_balanced_loss


def train(arm, batch=BATCH, **settings):
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = Accelerator(cpu=True, **settings)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    batches = torch.utils.data.DataLoader(Scenes(), batch)
    model, optimizer, batches = accelerator.prepare(model, optimizer, batches)
    ewc = ElasticWeightConsolidation(model.named_parameters(), arm.strength)
    losses, step = [], 0
    for each in batches:
        with accelerator.accumulate(model):
            if step == SWITCH:
                ewc.switch()
            tau = arm.tau if ewc.switched else 1.0
            loss = size_balanced_loss(model(each["pixel_values"]), each["labels"], tau=tau)
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                ewc.after_backward()
                step += 1
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss.detach()))
    return accelerator.unwrap_model(model), losses


@pytest.mark.parametrize("arm", ARMS)
def test_losses_and_scores_are_those_of_the_plain_loop(arm):
    expected, losses = train_plainly(ARMS[arm])
    model, found = train(ARMS[arm])
    assert found == losses
    assert scores_of(model)["ia_s"] == scores_of(expected)["ia_s"]


def test_the_switch_counts_steps_and_not_accumulated_batches():
    plain, weighted = (
        train(ARMS[arm], batch=BATCH // 2, gradient_accumulation_steps=2)[1] for arm in ("ce", "sb")
    )
    assert weighted[: 2 * SWITCH] == plain[: 2 * SWITCH]
    assert weighted[2 * SWITCH] != plain[2 * SWITCH]


def test_bfloat16_stays_near_the_plain_loop():
    _, expected = train_plainly(ARMS["sb"])
    _, losses = train(ARMS["sb"], mixed_precision="bf16")
    assert losses == pytest.approx(expected, rel=0.05)
