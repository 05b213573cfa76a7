"""NS-ROM's integral model, which learns the attention that the classifier gathered."""

import numpy as np
from torch import Tensor

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.attention.store import AttentionMaps
from smallobjects.pseudo_labels.attention.training import train_on_squares
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.nsrom.losses import integral_loss
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.nsrom.parameters import IntegralParameters
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded


class IntegralSample(SquareSample):
    """Makes samples whose target is the gathered attention."""

    def __init__(
        self,
        dataset: PreparedDataset,
        image_ids: list[str],
        attention: AttentionMaps,
        parameters: IntegralParameters,
    ) -> None:
        super().__init__(dataset, image_ids, parameters.input_size, parameters.colour_jitter)
        self._attention = attention
        self._num_classes = dataset.num_classes - 1

    def target(self, image_id: str) -> np.ndarray:
        """Return C×h×w float32 in [0, 1]; 0 for classes that are not in the image."""
        classes, maps = self._attention[image_id]
        target = np.zeros((self._num_classes, *maps.shape[1:]), dtype=np.float32)
        target[classes.astype(np.int64) - 1] = maps / np.float32(255)
        return target


def train_integral(
    context: TrainingContext, attention: AttentionMaps, parameters: IntegralParameters
) -> AttentionNetwork:
    """Train the integral model on the gathered attention.

    Args:
        context: the images to train on. The seed is that of initial values, order and colours.
        attention: the gathered maps of all of them, on the grid that the model puts out.
        parameters: the settings.

    Returns:
        The model in evaluation mode.

    Raises:
        BadInputError: the maps have another grid than the model.
    """
    with seeded(context.seed):
        network = AttentionNetwork(context.dataset.num_classes - 1, parameters, integral=True)
    network.to(context.device).train()
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics(parameters.batch_norm)

    def loss(batch: list[Tensor], epoch: int) -> Tensor:
        images, targets, _ = batch
        maps = network(images)
        if maps.shape != targets.shape:
            raise BadInputError(
                f"integral model: puts out {tuple(maps.shape[-2:])} cells, the gathered maps have "
                f"{tuple(targets.shape[-2:])}; give the classifier and the integral model the same "
                "`network` and `input_size`"
            )
        return integral_loss(maps, targets)

    train_on_squares(
        context,
        network,
        [network.head],
        IntegralSample(context.dataset, context.image_ids, attention, parameters),
        loss,
        parameters,
        name="NS-ROM integral model",
    )
    return network.eval()
