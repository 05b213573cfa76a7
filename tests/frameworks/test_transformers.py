"""L_sb in Transformers' Trainer, with SegFormer, whose logits have a quarter of the resolution."""

import pytest
import torch
from toy_task import ARMS, BATCH, CLASSES, RATE, STEPS, SWITCH, Scenes, scores_of, train_plainly
from transformers import (
    SegformerConfig,
    SegformerForSemanticSegmentation,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from smallobjects.losses import ElasticWeightConsolidation, size_balanced_loss


def segformer():
    torch.manual_seed(0)
    config = SegformerConfig(
        num_labels=CLASSES, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1],
        num_attention_heads=[1, 2, 3, 4], decoder_hidden_size=16, hidden_dropout_prob=0.0,
        drop_path_rate=0.0, classifier_dropout_prob=0.0,
    )  # fmt: skip
    return SegformerForSemanticSegmentation(config)


class Consolidation(TrainerCallback):
    """What a user writes: the switch, and the penalty before each step of the optimizer."""

    def __init__(self, model, arm):
        self.arm = arm
        self.ewc = ElasticWeightConsolidation(model.named_parameters(), arm.strength)

    def on_step_begin(self, args, state, control, **_):
        if state.global_step == SWITCH:
            self.ewc.switch()

    def on_pre_optimizer_step(self, args, state, control, **_):
        self.ewc.after_backward()

    def loss(self, outputs, labels, num_items_in_batch=None):
        tau = self.arm.tau if self.ewc.switched else 1.0
        return size_balanced_loss(outputs.logits, labels, tau=tau)


class InOrder(Trainer):
    """Keeps the order of the scenes, so that batches can be compared, and notes the losses."""

    def _get_train_sampler(self, *_):
        return None

    def training_step(self, *arguments, **more):
        loss = super().training_step(*arguments, **more)
        self.losses.append(float(loss))
        return loss


def train(arm, folder, **settings):
    model = segformer()
    consolidation = Consolidation(model, arm)
    trainer = InOrder(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder), max_steps=STEPS, per_device_train_batch_size=BATCH,
            learning_rate=RATE, lr_scheduler_type="constant", optim="sgd",
            optim_args="momentum=0.9", max_grad_norm=0.0, use_cpu=True, report_to=[],
            save_strategy="no", disable_tqdm=True, logging_strategy="no", **settings,
        ),
        train_dataset=Scenes(),
        callbacks=[consolidation],
        compute_loss_func=consolidation.loss,
    )  # fmt: skip
    trainer.losses = []
    trainer.train()
    return trainer.model, trainer.losses


@pytest.mark.parametrize("arm", ARMS)
def test_losses_and_scores_are_those_of_the_plain_loop(arm, tmp_path):
    def logits(outputs):
        return outputs.logits

    expected, losses = train_plainly(ARMS[arm], segformer(), logits)
    model, found = train(ARMS[arm], tmp_path)
    assert found == pytest.approx(losses, rel=1e-4)
    assert scores_of(model, logits)["ia_s"] == pytest.approx(scores_of(expected, logits)["ia_s"])
