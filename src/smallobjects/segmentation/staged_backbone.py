"""A backbone of the label networks' table as the backbone of a segmentor."""

from pathlib import Path
from typing import Self

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from smallobjects.backbones.table import Stage, Statistics, build_backbone
from smallobjects.errors import BadInputError
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.pretrained import pretrained_path


@MODELS.register_module()
class StagedBackbone(BaseModule):
    """Any backbone of `smallobjects.backbones`; the stages after its stem are put out.

    Images are normalised as ImageNet's, whatever the network was trained on: it converts them.
    """

    def __init__(
        self,
        network: str,
        trained_from: Stage = "stem",
        batch_norm: Statistics = "frozen",
        init_cfg: dict | None = None,
    ) -> None:
        """Build the network.

        Args:
            network: its name in the table.
            trained_from: first stage whose weights are trained.
            batch_norm: `frozen` uses the running statistics in training, `trained` the batch's.
            init_cfg: MMEngine's initialisation; `Pretrained` reads what the network is published
                with; nothing else is read of it.

        Raises:
            ValueError: there is no such network, stage or way of batch normalisation.
        """
        super().__init__(init_cfg)
        self.network = network
        self.backbone = build_backbone(network)
        self.backbone.train_stages(trained_from)
        self.backbone.set_statistics(batch_norm)
        self._batch_norm = batch_norm

    def init_weights(self) -> None:
        """Read the weights that `init_cfg` names; without any the network stays as it was drawn.

        Raises:
            FileNotFoundError: there is no such file.
            SegmentationError: the file holds weights of another network.
        """
        path = pretrained_path(self.init_cfg)
        if path is not None:
            self.load_published(path)

    def load_published(self, path: Path) -> None:
        """Read the weights in a file under the names that they are published with.

        Raises:
            FileNotFoundError: there is no such file.
            SegmentationError: the file holds weights of another network.
        """
        if not path.exists():
            raise FileNotFoundError(
                f"{path}: no such pretrained weights; fetch them, or set model.backbone.init_cfg "
                "to null to train from random values"
            )
        try:
            pretrained = build_backbone(self.network, path)
        except BadInputError as error:
            raise SegmentationError(str(error)) from error
        self.backbone.load_state_dict(pretrained.state_dict())

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map N×3×H×W images to the feature maps of the four stages after the stem."""
        return tuple(self.backbone(images)[1:])

    def train(self, mode: bool = True) -> Self:
        """Start training or evaluation; what is frozen stays as in evaluation."""
        super().train(mode)
        if mode:
            self.backbone.set_statistics(self._batch_norm)
        return self
