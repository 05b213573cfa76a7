"""Is the dataset.json of a prepared dataset complete, and does it fit what else is there?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from smallobjects.datasets.checks.findings import Finding
from smallobjects.datasets.prepared import FORMAT

NAME = "dataset.json"
Channel = Annotated[int, Field(ge=0, le=255)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SizeCounts(BaseModel):
    """Instances by size."""

    small: NonNegativeInt
    medium: NonNegativeInt
    large: NonNegativeInt


class Counts(BaseModel):
    """What was counted when the dataset was prepared."""

    images: NonNegativeInt
    images_without_instance_mask: NonNegativeInt
    instances: NonNegativeInt
    hidden_instances: NonNegativeInt
    instances_by_size: dict[str, SizeCounts]
    """By split."""


class Checksums(BaseModel):
    """See `prepared.py`."""

    semantic: Sha256
    instances: Sha256
    lists: Sha256
    tables: Sha256


class Description(BaseModel):
    """The content of dataset.json; more keys are allowed."""

    model_config = ConfigDict(strict=True)

    format: Literal[FORMAT]
    name: str
    title: str
    layout: str
    class_names: Annotated[list[str], Field(min_length=2)]
    palette: list[Annotated[list[Channel], Field(min_length=3, max_length=3)]]
    source: str
    splits: Annotated[dict[str, PositiveInt], Field(min_length=1)]
    train: str | None
    """None, like the next: nothing is trained on this dataset."""
    label_score: str | None
    evaluate: str
    size_limits: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]
    counts: Counts
    checksums: Checksums

    @model_validator(mode="after")
    def _consistent(self) -> "Description":
        if len(self.palette) != len(self.class_names):
            raise ValueError(
                f"palette has {len(self.palette)} colours for {len(self.class_names)} class names"
            )
        if len(set(self.class_names)) < len(self.class_names):
            raise ValueError("class_names has a name twice")
        for role in ("train", "label_score", "evaluate"):
            if getattr(self, role) not in {*self.splits, None}:
                raise ValueError(f"{role} = {getattr(self, role)!r} is none of the splits")
        if self.size_limits[0] >= self.size_limits[1]:
            raise ValueError(f"size_limits = {self.size_limits} do not rise")
        return self


def check_description(root: Path) -> tuple[Description | None, list[Finding]]:
    """Read dataset.json.

    Returns:
        Its content, or None if it is not whole; and what is wrong with it.
    """
    try:
        content = json.loads((root / NAME).read_text())
    except FileNotFoundError:
        problem = "missing, so the dataset was never finished"
        return None, [Finding(NAME, problem)]
    except (OSError, ValueError) as error:
        return None, [Finding(NAME, f"cannot be read ({error})")]
    try:
        return Description.model_validate(content), []
    except ValidationError as error:
        return None, [Finding(NAME, _in_words(problem)) for problem in error.errors()]


def _in_words(problem: Mapping[str, Any]) -> str:
    key = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{key} is missing"
    return f"{key}: {message}" if key else message
