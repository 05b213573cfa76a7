"""Settings of a segmentor, and of what a job may use, that cannot be together."""

from collections.abc import Iterator, Mapping
from typing import Any

from smallobjects.config.contradictions.said import Said, check_weights, plain
from smallobjects.config.errors import ConfigError
from smallobjects.config.model import Compute
from smallobjects.segmentation.network_settings import LOSS

NETWORK = ("type", "network", "depth")
"""What tells which weights a backbone has."""


def check_segmentor(segmentor: Said, compute: Compute) -> None:
    """Check one segmentor.

    Raises:
        ConfigError: two settings cannot be together.
    """
    _check_model(segmentor.below("model"))
    _check_crops(segmentor)
    _check_batches(segmentor, compute)
    _check_precision(segmentor, compute)


def check_first_segmentor(stage: Said, optim_wrapper: Mapping[str, Any]) -> None:
    """Check the training of the segmentor on the way to labels, which has a length of its own.

    Raises:
        ConfigError: it would end within a step.
    """
    _check_steps(stage, "iterations", optim_wrapper)


def _check_model(model: Said) -> None:
    if not any(part.get("type") == LOSS for part in _parts(model.values)):
        raise ConfigError(
            f"{model.key}: has no loss of type {LOSS}, so the losses would not differ; give it to "
            "decode_head as loss_decode"
        )
    backbone = model.below("backbone")
    check_weights(backbone, ("init_cfg", "checkpoint"), NETWORK)
    if backbone.values.get("norm_eval") and backbone.values.get("init_cfg") is None:
        raise backbone.error(
            "norm_eval",
            "there are no statistics to keep, as init_cfg = null; set `norm_eval: false`, or give "
            "weights",
        )
    test = model.values.get("test_cfg") or {}
    if test.get("mode") == "slide":
        missing = [name for name in ("crop_size", "stride") if name not in test]
        if missing:
            raise model.below("test_cfg").error(
                "mode", f"needs {missing[0]}; give it, or `mode: whole`"
            )
        if _beyond(test["stride"], test["crop_size"]):
            raise model.below("test_cfg").error(
                "stride", f"leaves pixels out, as crop_size = {plain(test['crop_size'])}; give less"
            )


def _check_crops(segmentor: Said) -> None:
    size = segmentor.values["model"].get("data_preprocessor", {}).get("size")
    for step in _parts(segmentor.values["train_pipeline"]):
        if step.get("type") != "RandomCrop" or size is None or "crop_size" not in step:
            continue
        crop = step["crop_size"]
        if _beyond(crop, size):
            raise segmentor.below("model", "data_preprocessor").error(
                "size",
                f"images that are smaller than the crops of train_pipeline, {plain(crop)}, are "
                "filled up to this size only, and a batch needs one; set it to that of the crops",
            )


def _check_batches(segmentor: Said, compute: Compute) -> None:
    schedule, gpus = segmentor.below("schedule"), max(1, compute.gpus)
    if schedule.values["batch_size"] % gpus:
        raise schedule.error(
            "batch_size",
            f"{gpus} GPUs share each batch equally (compute.gpus); take a multiple of {gpus}, or "
            "other GPUs",
        )
    _check_steps(schedule, "shared_iterations", segmentor.values["optim_wrapper"])
    if segmentor.values["compile_backbone"] and gpus > 1:
        raise segmentor.error(
            "compile_backbone",
            f"needs one process, and compute.gpus = {gpus}; set `gpus: 1`, or leave it false",
        )


def _check_steps(said: Said, name: str, optim_wrapper: Mapping[str, Any]) -> None:
    accumulated = optim_wrapper.get("accumulative_counts", 1)
    if said.values[name] % accumulated:
        raise said.error(
            name,
            f"would end within a step, as optim_wrapper.accumulative_counts = {accumulated}; take "
            "a multiple of it",
        )


def _check_precision(segmentor: Said, compute: Compute) -> None:
    precision = segmentor.values["precision"]
    kind = segmentor.values["optim_wrapper"].get("type", "OptimWrapper")
    if precision != "fp32" and kind != "OptimWrapper":
        raise segmentor.error(
            "precision", f"optim_wrapper.type = {kind!r} chooses its own; take one of the two out"
        )
    if precision == "fp16" and compute.device == "cpu":
        raise segmentor.error(
            "precision", "needs a GPU, and compute.device = 'cpu'; set bf16, fp32 or another device"
        )


def _beyond(one: Any, other: Any) -> bool:
    """Tell whether a size, of one number or two, is larger than another in any direction."""
    (height, width), (most_height, most_width) = (
        tuple(size) if isinstance(size, list | tuple) else (size, size) for size in (one, other)
    )
    return height > most_height or width > most_width


def _parts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping in nested settings."""
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
