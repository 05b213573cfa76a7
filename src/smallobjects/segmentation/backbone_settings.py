"""What a segmentor's settings may say of a backbone of the table, checked before any training."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import ValidationError, model_validator

from smallobjects.backbones.table import BackboneName, Stage, Statistics
from smallobjects.parameters import Parameters

BackboneType = Literal["StagedBackbone", "mmseg.StagedBackbone"]


class PretrainedWeights(Parameters):
    """MMEngine's `init_cfg`, of which only this form is read."""

    type: Literal["Pretrained"]
    checkpoint: str
    """A file of weights, with the names that the network is published with."""


class StagedBackboneSettings(Parameters):
    """A backbone of `smallobjects.backbones` in a segmentor."""

    type: BackboneType = "StagedBackbone"
    network: BackboneName
    trained_from: Stage = "stem"
    """First stage whose weights are trained."""
    batch_norm: Statistics = "frozen"
    """A network without pretrained weights needs `trained`."""
    init_cfg: PretrainedWeights | None = None

    @model_validator(mode="after")
    def _statistics_of_something(self) -> "StagedBackboneSettings":
        if self.init_cfg is None and self.batch_norm == "frozen":
            raise ValueError(
                "without pretrained weights (`init_cfg: null`) statistics cannot stay as they are: "
                "set `batch_norm: trained`"
            )
        return self


def check_backbone(model: Mapping[str, Any]) -> None:
    """Check the backbone of a model, if it is one of the table.

    Raises:
        ValueError: in one line, with the key and the value.
    """
    backbone = model.get("backbone")
    if not isinstance(backbone, Mapping) or backbone.get("type") not in get_args(BackboneType):
        return
    try:
        StagedBackboneSettings.model_validate(dict(backbone))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["backbone", *map(str, first["loc"])])
        value = "" if isinstance(first["input"], Mapping) else f" = {first['input']!r}"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key; `_delete_: true` drops those of another backbone"
        raise ValueError(f"{key}{value}: {message}") from None
