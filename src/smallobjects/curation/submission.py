"""What a page sends: a verdict on an image, or the settlement of a disagreement."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.parameters import Parameters

LONGEST_NOTE = 2000
MOST_BOXES = 200


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a name has no line breaks or control characters")
    return text


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


Reviewer = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(_printable),
]
Note = Annotated[
    str,
    StringConstraints(max_length=LONGEST_NOTE),
    # A decisions file is read in editors and spreadsheets: one line, nothing invisible.
    AfterValidator(_one_line),
]


class MissingObject(Parameters):
    """A box around an object that is not annotated; pixels with exclusive ends."""

    class_name: str
    x0: Annotated[int, Field(ge=0)]
    y0: Annotated[int, Field(ge=0)]
    x1: int
    y1: int

    @field_validator("class_name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in VOC_CLASSES:
            raise ValueError(f"{value!r} is none of {', '.join(VOC_CLASSES)}")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> "MissingObject":
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise ValueError("a box must have a width and a height")
        return self


class Verdict(Parameters):
    """What a reviewer says about an image; `skip` puts it off."""

    request: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{8,64}$")]
    """Names this verdict: sent twice, it counts once."""
    reviewer: Reviewer
    image: str
    decision: Literal["accept", "reject", "skip"]
    note: Note = ""
    boxes: Annotated[tuple[MissingObject, ...], Field(max_length=MOST_BOXES)] = ()


class Settlement(Parameters):
    """The end of a disagreement."""

    reviewer: Reviewer
    """Who settles it."""
    image: str
    decision: Literal["accept", "reject"]
    note: Note = ""
