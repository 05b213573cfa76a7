"""Saliency maps from whatever source the settings name, and what is recorded of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.saliency_parameters import SaliencyParameters
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.saliency.model import predicted_maps
from smallobjects.pseudo_labels.saliency.precomputed import precomputed_maps
from smallobjects.publishing.checksums import file_checksum


def maps_from(
    path: Path,
    dataset: PreparedDataset,
    image_ids: list[str],
    parameters: SaliencyParameters,
    device: torch.device,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the H×W uint8 saliency map of each image.

    Args:
        path: a folder of maps, or a network in TorchScript or ONNX.
        dataset: the prepared dataset.
        image_ids: the images that need a map.
        parameters: say which of the two it is.
        device: where a network computes.

    Raises:
        BadInputError: the path is not what `source` says, or its maps or network cannot be used.
    """
    if parameters.source == "precomputed":
        return precomputed_maps(path, dataset, image_ids)
    if not path.is_file():
        raise BadInputError(
            f"{path}: no file, but `source` is {parameters.source!r}; give a network, or set "
            "`source: precomputed` for a folder of maps"
        )
    return predicted_maps(path, dataset, image_ids, parameters.network, device)


def describe_origin(
    path: Path, parameters: SaliencyParameters, dataset: PreparedDataset
) -> dict[str, Any]:
    """Return what is recorded of where maps come from; of a network, its checksum too.

    Args:
        path: a folder of maps, or a network.
        parameters: say which of the two it is.
        dataset: has the split that a network was trained on, if it was trained on masks.
    """
    origin = {"source": parameters.source, "path": str(path)}
    if parameters.source == "precomputed":
        return origin
    origin["sha256"] = file_checksum(path)
    origin["network"] = parameters.network.model_dump()
    if parameters.source == "trained":
        origin["training"] = parameters.training.model_dump(mode="json")
    if parameters.mask_training:
        images = len(dataset.split(parameters.mask_training.split))
        origin["statement"] = f"trained on masks of {images} other images"
    return origin
