"""What the configuration of PASCAL-B says: its classes in LVIS, and how its images are chosen."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.layouts.lvis.classes import FROM_COCO, LVIS_CLASSES, LVIS_NARROWER
from smallobjects.parameters import Parameters

Hint = Literal["not_exhaustive", "only_in_coco", "narrower"]
Names = dict[str, tuple[str, ...]]


class LvisParameters(Parameters):
    """Which annotations of LVIS and COCO become the classes of PASCAL VOC.

    A category of LVIS is named by its name, one of its synonyms, or its synset.
    """

    annotations: tuple[str, ...] = (
        "annotations/lvis_v1_train.json",
        "annotations/lvis_v1_val.json",
    )
    """LVIS annotation files, relative to the raw folder."""
    coco_annotations: tuple[str, ...] = (
        "annotations/instances_train2017.json",
        "annotations/instances_val2017.json",
    )
    """COCO instance files that list every image of LVIS, relative to the raw folder."""
    classes: Names = LVIS_CLASSES
    """For every VOC class but the potted plant, the LVIS categories that are it."""
    narrower: Names = LVIS_NARROWER
    """LVIS categories that could be taken for the class but are background; images that show them
    are marked among the candidates. To widen a class, move names from here to `classes`."""

    @field_validator("annotations", "coco_annotations")
    @classmethod
    def _not_empty(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("at least one file is needed")
        return value

    @model_validator(mode="after")
    def _known_classes(self) -> "LvisParameters":
        expected = [name for name in VOC_CLASSES if name != FROM_COCO]
        for key, table in (("classes", self.classes), ("narrower", self.narrower)):
            unknown = [name for name in table if name not in expected]
            if unknown:
                raise ValueError(f"{key}: {unknown[0]!r} is none of {', '.join(expected)}")
        missing = [name for name in expected if not self.classes.get(name)]
        if missing:
            raise ValueError(f"classes: {missing[0]!r} needs at least one LVIS category")
        names = [n for table in (self.classes, self.narrower) for ns in table.values() for n in ns]
        repeated = [name for name in names if names.count(name) > 1]
        if repeated:
            raise ValueError(f"the LVIS category {repeated[0]!r} is named twice")
        return self


class SelectionParameters(Parameters):
    """How images are selected among the candidates (supplement, 1.2); the targets are Table 1's."""

    images: PositiveInt = 1137
    """Images to select."""
    small: NonNegativeInt = 1245
    """Instances of each size to reach, spread over the classes as evenly as there are instances."""
    medium: NonNegativeInt = 1468
    large: NonNegativeInt = 1283
    size_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of an instance too many or too few of a size, beside 1 for a class and size."""
    seed: NonNegativeInt = 0
    """Chooses among selections that are equally balanced."""
    exclude: tuple[Hint, ...] = ()
    """Leave out candidates with these marks of improper annotation."""
    undecided: Literal["reject", "accept"] = "reject"
    """What becomes of candidates that a given decisions file does not name."""
    decisions: str | None = None
    """A CSV or JSON file of images accepted and rejected by hand; without one nothing is filtered
    by hand, and everything that is made says so."""
    tolerance: Annotated[float, Field(ge=0)] = 0.01
    """Stop searching where the objective is this share above its bound."""
    nodes: PositiveInt = 100
    """Stop each search after this many nodes."""
    rounds: NonNegativeInt = 10
    """Stop after this many searches that follow the first."""

    @property
    def size_targets(self) -> tuple[int, int, int]:
        """Instances to reach of the sizes small, medium and large."""
        return self.small, self.medium, self.large
