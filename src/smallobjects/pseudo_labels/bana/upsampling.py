"""What upsampled features would give, without holding them.

Bilinear upsampling is linear: maps of dot products are made at the features' size and upsampled,
and means over pixels are means over cells with other weights. Only norms are not linear; they need
the products of neighbouring cells.
"""

import torch
from torch import Tensor
from torch.nn import functional


def _interpolation(cells: int, pixels: int) -> Tensor:
    """Return the pixels×cells weights of linear interpolation, outermost on outermost."""
    unit = torch.eye(cells, dtype=torch.float64)[None, None]
    size = (pixels, cells)
    return functional.interpolate(unit, size, mode="bilinear", align_corners=True)[0, 0]


class Upsampled:
    """D×h×w features as if they were upsampled to H×W pixels, bilinearly, corners aligned."""

    def __init__(self, features: Tensor, shape: tuple[int, int]) -> None:
        """Take features and the size of the image."""
        self._features = features
        self._rows = _interpolation(features.shape[1], shape[0]).to(features)
        self._columns = _interpolation(features.shape[2], shape[1]).to(features)
        self.norms = self._norms()
        """H×W, the features' lengths."""

    def dot(self, vectors: Tensor) -> Tensor:
        """Return the products with K×D vectors, K×H×W."""
        maps = torch.einsum("kd,dhw->khw", vectors, self._features)
        return self._rows @ maps @ self._columns.T

    def cosines(self, vectors: Tensor) -> Tensor:
        """Return the cosines with K×D vectors, K×H×W."""
        return self.dot(functional.normalize(vectors, dim=1)) / self.norms

    def mean(self, mask: Tensor) -> Tensor:
        """Return the mean feature, D, of the pixels of a mask, H×W bool with at least one."""
        weights = self._rows.T @ mask.to(self._features) @ self._columns
        return torch.einsum("dhw,hw->d", self._features, weights) / mask.sum()

    def _norms(self) -> Tensor:
        f = functional.pad(self._features[None], (0, 1, 0, 1), mode="replicate")[0]
        here, right, below, across = f[:, :-1, :-1], f[:, :-1, 1:], f[:, 1:, :-1], f[:, 1:, 1:]
        rows, columns = self._rows, self._columns
        row_pairs = rows * functional.pad(rows, (0, 1))[:, 1:]
        column_pairs = columns * functional.pad(columns, (0, 1))[:, 1:]
        squares = rows**2 @ (here * here).sum(0) @ (columns**2).T
        squares += 2 * rows**2 @ (here * right).sum(0) @ column_pairs.T
        squares += 2 * row_pairs @ (here * below).sum(0) @ (columns**2).T
        diagonals = (here * across).sum(0) + (right * below).sum(0)
        squares += 2 * row_pairs @ diagonals @ column_pairs.T
        return squares.clamp(min=0).sqrt().clamp(min=1e-12)
