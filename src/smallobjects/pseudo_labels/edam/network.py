"""EDAM's network: masks of all classes, and attention over what they let through in two images.

Each mask gates the features of both images; a transformer block of its class reads both as one
sequence, and the averaged tokens of an image tell whether it shows the class. Labels are made of
the masks alone (`masks`), so the rest is needed in training only.
"""

import math
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.edam.parameters import EdamParameters
from smallobjects.pseudo_labels.training.network_file import (
    load_network_of_classes,
    rebuilding,
    save_network,
)

SEGMENTS = 2
LARGEST_PERIOD = 10_000.0


def sinusoids(positions: int, channels: int) -> Tensor:
    """Return positions×channels: sin and cos in turn, of p / 10000^(2i / channels)."""
    rates = torch.exp(torch.arange(0, channels, 2) * (-math.log(LARGEST_PERIOD) / channels))
    angles = torch.arange(positions)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def normalised_masks(logits: Tensor) -> Tensor:
    """Divide B×(C + 1)×h×w by the length of the vector over channels; return absolute values."""
    return functional.normalize(logits, dim=1).abs()


class ClassAttention(nn.Module):
    """The transformer block and the classifier of one class."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            hidden,
            heads,
            dim_feedforward=4 * hidden,
            dropout=dropout,
            activation=partial(functional.gelu, approximate="tanh"),
            layer_norm_eps=1e-6,
            batch_first=True,
            norm_first=True,
        )
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(hidden, 1, bias=False)
        attention = self.block.self_attn
        # Queries, keys and values are three matrices, though they are stored as one.
        for weight in (
            *attention.in_proj_weight.chunk(3),
            attention.out_proj.weight,
            self.block.linear1.weight,
            self.block.linear2.weight,
            self.classify.weight,
        ):
            nn.init.xavier_uniform_(weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map B×2×N×hidden tokens of two images to B×2 logits."""
        mixed = self.dropout(self.block(tokens.flatten(1, 2)))
        return self.classify(mixed.view_as(tokens).mean(dim=2)).squeeze(2)


class EdamNetwork(nn.Module):
    """A backbone, the mask layer, and the attention of every class."""

    def __init__(
        self, num_classes: int, parameters: EdamParameters, weights: Path | None = None
    ) -> None:
        """Build it; `num_classes` counts no background, `weights` are the backbone's, if any."""
        super().__init__()
        hidden = parameters.hidden
        self.num_classes = num_classes
        self.settings = parameters
        self.backbone = build_backbone(parameters.network, weights)
        channels = self.backbone.shapes[-1].channels
        self.mask_layer = nn.Conv2d(channels, num_classes + 1, 3, padding=1, bias=False)
        self.project = nn.Conv2d(channels, hidden, 1, bias=False)
        self.segments = nn.Embedding(SEGMENTS, hidden)
        self.dropout = nn.Dropout(parameters.dropout)
        for module in (self.mask_layer, self.project, self.segments):
            nn.init.xavier_uniform_(module.weight)
        self.attention = nn.ModuleList(
            ClassAttention(hidden, parameters.heads, parameters.dropout) for _ in range(num_classes)
        )

    def masks(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×(C + 1)×h×w masks in [0, 1].

        Channel c − 1 is the mask of class c, the last one the background's. The squares of a pixel
        add up to 1.
        """
        return normalised_masks(self.mask_layer(self.backbone(images)[-1]))

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Return the logits of the judged classes.

        Args:
            images: P×2×3×H×W normalised pairs.
            classes: P×S class ids 1..C, different ones in each row.

        Returns:
            P×2×S: whether the first and the second image show each of them.
        """
        features = self.backbone(images.flatten(0, 1))[-1]
        masks = normalised_masks(self.mask_layer(features)).unflatten(0, (-1, 2))
        projected = self.project(features).unflatten(0, (-1, 2))
        logits = projected.new_zeros(*classes.shape, 2)
        for class_id in classes.unique().tolist():
            rows, columns = torch.nonzero(classes == class_id, as_tuple=True)
            gated = (projected[rows], masks[rows, :, class_id - 1])
            judge = partial(self._judge, class_id)
            if self.settings.recompute and torch.is_grad_enabled():
                found = checkpoint(judge, *gated, use_reentrant=False)
            else:
                found = judge(*gated)
            logits = logits.index_put((rows, columns), found.to(logits.dtype))
        return logits.transpose(1, 2)

    def _judge(self, class_id: int, projected: Tensor, masks: Tensor) -> Tensor:
        """Map B×2×hidden×h×w features and B×2×h×w masks of a class to B×2 logits."""
        gated = projected * masks[:, :, None]
        pooling = self.settings.token_pooling
        if pooling > 1:
            pooled = functional.avg_pool2d(gated.flatten(0, 1), pooling, ceil_mode=True)
            gated = pooled.unflatten(0, (-1, 2))
        tokens = gated.flatten(3).transpose(2, 3)
        positions = sinusoids(tokens.shape[2], tokens.shape[3]).to(tokens)
        tokens = tokens + positions + self.segments.weight[:, None]
        return self.attention[class_id - 1](self.dropout(tokens))


def save_edam(path: Path, network: EdamNetwork) -> None:
    """Write a network together with what is needed to build it."""
    description = {
        "num_classes": network.num_classes,
        "parameters": network.settings.model_dump_json(),
    }
    save_network(path, "edam", description, network)


def load_edam(path: Path, num_classes: int) -> EdamNetwork:
    """Read a network of `num_classes` classes (without the background), in evaluation mode.

    Raises:
        BadInputError: the file holds something else, or other classes.
    """
    description, state = load_network_of_classes(path, "edam", num_classes, "a network")
    with rebuilding(path, "edam"):
        parameters = EdamParameters.model_validate_json(description["parameters"])
        network = EdamNetwork(num_classes, parameters)
        network.load_state_dict(state)
    return network.eval()
