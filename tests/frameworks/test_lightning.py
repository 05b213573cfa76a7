"""L_sb in Lightning: hooks for the switch and the penalty, and a checkpoint that carries both."""

import lightning
import pytest
import torch
from toy_task import ARMS, BATCH, RATE, STEPS, SWITCH, Scenes, network, scores_of, train_plainly

from smallobjects.losses import ElasticWeightConsolidation, size_balanced_loss


class Segmentor(lightning.LightningModule):
    """What a user writes: the same three calls as in a plain loop."""

    def __init__(self, arm):
        super().__init__()
        self.arm, self.losses = arm, []
        self.network = network()
        self.ewc = ElasticWeightConsolidation(self.named_parameters(), arm.strength)

    def training_step(self, batch, _):
        if self.global_step == SWITCH:
            self.ewc.switch()
        tau = self.arm.tau if self.ewc.switched else 1.0
        loss = size_balanced_loss(self.network(batch["pixel_values"]), batch["labels"], tau=tau)
        self.losses.append(float(loss.detach()))
        return loss

    def on_before_optimizer_step(self, _):
        self.ewc.after_backward()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=RATE, momentum=0.9)

    def on_save_checkpoint(self, checkpoint):
        checkpoint["ewc"] = self.ewc.state_dict()

    def on_load_checkpoint(self, checkpoint):
        self.ewc.load_state_dict(checkpoint["ewc"])


class Batches:
    """All batches in order, from where a checkpoint was taken."""

    def __init__(self):
        self.given = 0

    def __len__(self):
        return STEPS

    def __iter__(self):
        batches = list(torch.utils.data.DataLoader(Scenes(), BATCH))
        for batch in batches[self.given % STEPS :]:
            self.given += 1
            yield batch

    def state_dict(self):
        return {"given": self.given}

    def load_state_dict(self, state):
        self.given = state["given"]


def fit(model, folder, steps=STEPS, resume=None, **more):
    trainer = lightning.Trainer(
        max_steps=steps, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, default_root_dir=folder, **more,
    )  # fmt: skip
    trainer.fit(model, Batches(), ckpt_path=resume)
    return trainer


@pytest.mark.parametrize("arm", ARMS)
def test_losses_and_scores_are_those_of_the_plain_loop(arm, tmp_path):
    expected, losses = train_plainly(ARMS[arm])
    model = Segmentor(ARMS[arm])
    fit(model, tmp_path)
    assert model.losses == losses
    assert scores_of(model.network)["ia_s"] == scores_of(expected)["ia_s"]


@pytest.mark.parametrize("stop", [SWITCH - 2, SWITCH, SWITCH + 3])
def test_a_checkpoint_carries_what_ewc_needs(stop, tmp_path):
    expected = train_plainly(ARMS["sb"])[1]
    first = Segmentor(ARMS["sb"])
    fit(first, tmp_path, steps=stop).save_checkpoint(tmp_path / "stopped.ckpt")
    again = Segmentor(ARMS["sb"])
    fit(again, tmp_path, resume=tmp_path / "stopped.ckpt")
    assert first.losses + again.losses == expected


def test_gradients_of_accumulated_batches_are_read_once(tmp_path, monkeypatch):
    steps = []
    after_backward = ElasticWeightConsolidation.after_backward
    monkeypatch.setattr(
        ElasticWeightConsolidation,
        "after_backward",
        lambda self: (steps.append(len(model.losses)), after_backward(self)),
    )
    model = Segmentor(ARMS["sb"])
    fit(model, tmp_path, steps=6, accumulate_grad_batches=2)
    assert steps == [2, 4, 6, 8, 10, 12]
