"""Saliency maps predicted by a network that is there, in TorchScript or ONNX."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.saliency_parameters import SaliencyNetwork
from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.zips import check_zip
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image

Network = Callable[[Tensor], Tensor]
"""Maps 1×3×h×w to the first output of the network, anything that squeezes to h'×w'."""


def load_saliency_network(path: Path, device: torch.device) -> Network:
    """Return a saliency network, which does not know classes.

    Raises:
        BadInputError: the file cannot be read, or is ONNX and there is no onnxruntime.
    """
    return _onnx(path, device) if path.suffix == ".onnx" else _torchscript(path, device)


def _torchscript(path: Path, device: torch.device) -> Network:
    try:
        # torch takes the archive's checksums on trust.
        check_zip(path)
        network = torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError, OSError) as error:
        reason = f" ({error})" if isinstance(error, ContentError) else ""
        raise BadInputError(
            f"{path}: cannot be read as TorchScript{reason}; give a file made by torch.jit.save, "
            "or an ONNX file whose name ends in .onnx"
        ) from error
    return lambda images: _first(network(images.to(device)))


def _first(output: Tensor | tuple | list | dict) -> Tensor:
    """Return the first output of a network that may have several, such as side outputs."""
    while not isinstance(output, Tensor):
        output = next(iter(output.values() if isinstance(output, dict) else output))
    return output


def _onnx(path: Path, device: torch.device) -> Network:
    try:
        import onnxruntime
    except ImportError as error:
        raise BadInputError(
            f"{path}: to run an ONNX network the package onnxruntime is needed and not installed; "
            "install it in this environment, or export the network to TorchScript"
        ) from error
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    available = onnxruntime.get_available_providers()
    providers = [name for name in [*wanted, "CPUExecutionProvider"] if name in available]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # What it would print is in the errors that it raises.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its exceptions have no common base of their own
        raise BadInputError(
            f"{path}: cannot be read as an ONNX network ({error}); give another file"
        ) from error
    name = session.get_inputs()[0].name
    return lambda images: torch.from_numpy(session.run(None, {name: images.numpy()})[0])


@torch.no_grad()
def predict_map(network: Network, image: np.ndarray, settings: SaliencyNetwork) -> np.ndarray:
    """Return the saliency map that a network predicts.

    Args:
        network: of `load_saliency_network`.
        image: H×W×3 uint8 RGB.
        settings: how the image is handed over and the output is read.

    Returns:
        H×W uint8, 0 to 255. A map that is the same everywhere is not stretched.

    Raises:
        BadInputError: the network cannot be run on the image, or its output is no single map, or
            not finite.
    """
    values = torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1))[None] / 255
    if settings.input_size is not None:
        size = (settings.input_size, settings.input_size)
        values = functional.interpolate(
            values, size, mode="bilinear", antialias=True, align_corners=False
        )
    shape = (1, 3, 1, 1)
    mean, deviation = (torch.tensor(x).view(shape) for x in (settings.mean, settings.deviation))
    values = (values - mean) / deviation
    try:
        output = network(values).float().cpu()
    except Exception as error:  # those of TorchScript and onnxruntime have no common base
        raise BadInputError(
            f"saliency network: it cannot be run on an image of the shape {tuple(values.shape)} "
            f"({_reason(error)}); give the `input_size` that it was exported with, or another file"
        ) from error
    planes = output.reshape(-1, *output.shape[-2:]) if output.dim() >= 2 else output[None, None]
    if len(planes) != 1 or not bool(torch.isfinite(planes).all()):
        raise BadInputError(
            f"saliency network: its first output has the shape {tuple(output.shape)} and must be "
            "one finite map; give a network without classes, or other `network` settings"
        )
    planes = torch.sigmoid(planes) if settings.activation == "sigmoid" else planes
    saliency = functional.interpolate(
        planes[None], image.shape[:2], mode="bilinear", align_corners=False
    )[0, 0]
    low, high = saliency.min(), saliency.max()
    if settings.stretch and high > low:
        saliency = (saliency - low) / (high - low)
    return (255 * saliency.clamp(0, 1)).round().to(torch.uint8).numpy()


def predicted_maps(
    path: Path,
    dataset: PreparedDataset,
    image_ids: list[str],
    settings: SaliencyNetwork,
    device: torch.device,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the H×W uint8 map of each image, predicted by the network in `path`."""
    network = load_saliency_network(path, device)
    for image_id in image_ids:
        image = read_image(dataset, image_id)
        try:
            saliency = predict_map(network, image, settings)
        except BadInputError as error:
            raise BadInputError(f"{path}, image {image_id}: {error}") from error
        yield image_id, saliency


def _reason(error: Exception) -> str:
    """Return the last line of an error's message, or its kind; TorchScript's come with its code."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
