"""A network's settings, completed: classes, the loss of a phase, where its weights come from."""

from collections.abc import Iterator
from typing import Any

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.parameters import TrainingParameters

LOSS = "SizeWeightedCrossEntropy"


def trained_model(
    parameters: TrainingParameters, num_classes: int, from_scratch: bool
) -> dict[str, Any]:
    """Return the model with its number of classes and the loss of the phase.

    Args:
        parameters: their `tau` goes to every SizeWeightedCrossEntropy in the model.
        num_classes: number of classes, background included.
        from_scratch: False leaves out pretrained weights, which a checkpoint replaces anyway.

    Raises:
        SegmentationError: the model has no such loss, so its arms would not differ.
    """
    model = with_classes(parameters.model, num_classes)
    losses = [part for part in _parts(model) if part.get("type") == LOSS]
    if not losses:
        raise SegmentationError(
            f"model: no loss of type {LOSS}, so the arms would not differ; give it to decode_head "
            "as loss_decode"
        )
    for loss in losses:
        loss["tau"] = parameters.tau
    if not from_scratch:
        for part in _parts(model):
            if (part.get("init_cfg") or {}).get("type") == "Pretrained":
                part["init_cfg"] = None
    return model


def with_classes(model: dict[str, Any], num_classes: int) -> dict[str, Any]:
    """Return a copy of a model whose heads have `num_classes`, with tuples for lists of numbers."""
    model = tuples(model)
    heads = [model["decode_head"], model.get("auxiliary_head")]
    for head in heads:
        for each in head if isinstance(head, list) else [head] if head else []:
            each["num_classes"] = num_classes
    return model


def tuples(value: Any) -> Any:
    """Return nested settings, copied, with tuples for lists of numbers.

    JSON has no tuples, but MMCV tells a size (tuple) from a list of choices.
    """
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        numbers = value and all(isinstance(item, int | float) for item in value)
        return tuple(value) if numbers else [tuples(item) for item in value]
    return value


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _parts(item)
