"""The training of RCA, which gathers attention on the way."""

from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.attention.accumulation import AttentionAccumulator
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.attention.training import train_on_squares
from smallobjects.pseudo_labels.rca.contrast import contrast_loss, draw_pairs
from smallobjects.pseudo_labels.rca.network import RcaNetwork
from smallobjects.pseudo_labels.rca.parameters import RcaParameters
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded


class RcaLoss:
    """The loss of a batch, L = L_fine + α L_coarse + β L_contrast, and what goes along with it."""

    def __init__(
        self,
        network: RcaNetwork,
        image_ids: list[str],
        gathered: AttentionAccumulator,
        parameters: RcaParameters,
        seed: int,
    ) -> None:
        self._network = network
        self._image_ids = image_ids
        self._gathered = gathered
        self._parameters = parameters
        self._seed = seed
        self._clustered = 0
        self._generator = np.random.default_rng([seed, 2])

    def __call__(self, batch: list[Tensor], epoch: int) -> Tensor:
        """Return the loss; cluster the memory with the first batch of each epoch but the first.

        The contrast compares with the memory as it was before the batch, which joins it afterwards.
        """
        network, parameters = self._network, self._parameters
        images, targets, numbers = batch
        if epoch > self._clustered:
            network.aggregation.cluster(network.memory.vectors, cluster_seed(self._seed, epoch))
            self._clustered = epoch
        fine, coarse, embeddings, features = network(images)
        logits = fine.mean(dim=(2, 3))
        loss = functional.multilabel_soft_margin_loss(logits, targets)
        loss = loss + parameters.coarse_weight * functional.multilabel_soft_margin_loss(
            coarse.mean(dim=(2, 3)), targets
        )
        if epoch >= parameters.contrast_epoch and parameters.contrast_weight > 0:
            pairs = draw_pairs(targets, parameters.mix_alpha, self._generator)
            loss = loss + parameters.contrast_weight * contrast_loss(
                embeddings, coarse, pairs, network.memory.vectors, parameters.temperature
            )
        probabilities = logits.detach().sigmoid()
        network.memory.remember(
            features,
            coarse,
            targets,
            probabilities,
            least=parameters.memory_probability,
            momentum=parameters.memory_momentum,
        )
        ids = [self._image_ids[number] for number in numbers.tolist()]
        self._gathered.add(ids, targets, fine, probabilities, epoch)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return what the coming batches depend on, and the network does not know."""
        return {"clustered": self._clustered, "generator": self._generator.bit_generator.state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what `state_dict` returned."""
        self._clustered = state_dict["clustered"]
        self._generator.bit_generator.state = state_dict["generator"]


def cluster_seed(seed: int, epoch: int) -> int:
    """Return the seed of the clustering in an epoch."""
    return int(np.random.default_rng([seed, 3, epoch]).integers(2**31))


def train_rca(
    context: TrainingContext, parameters: RcaParameters
) -> tuple[RcaNetwork, AttentionAccumulator]:
    """Train the classifier with its memory and gather its attention on the way.

    It runs in one process: the memory is a state that follows the images one after the other.

    Args:
        context: the images to train on; those without a class are negatives for all classes. The
            seed is that of initial values, memory, clustering, mixing, order and colours.
        parameters: the settings.

    Returns:
        The network in evaluation mode, and what was gathered.
    """
    with seeded(context.seed):
        network = RcaNetwork(context.dataset.num_classes - 1, parameters)
    network.to(context.device).train()
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics(parameters.batch_norm)
    gathered = AttentionAccumulator(parameters.epochs, parameters.least_probability)
    loss = RcaLoss(network, context.image_ids, gathered, parameters, context.seed)
    train_on_squares(
        context,
        network,
        network.new,
        SquareSample(
            context.dataset, context.image_ids, parameters.input_size, parameters.colour_jitter
        ),
        loss,
        parameters,
        name="RCA",
        companions={"loss": loss, "attention": gathered},
    )
    return network.eval(), gathered
