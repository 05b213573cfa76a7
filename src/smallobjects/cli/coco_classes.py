"""Which categories of an annotation file are which classes of `score --coco`."""

from pathlib import Path

from smallobjects.datasets.class_tables import COCO_CATEGORIES, COCO_CLASS_IDS, COCO_CLASSES
from smallobjects.datasets.errors import DatasetError

OF_COCO, OF_FILE = "coco", "file"
_MOST = 254
"""Classes that masks of 8 bits hold beside background and void."""


def read_names(path: Path, content: dict) -> dict[int, str]:
    """Return the name of each category of an annotation file by its id, ids ascending.

    Raises:
        DatasetError: two have one id or name, or one has no number or name.
    """
    names: dict[int, str] = {}
    for category in content["categories"]:
        number, name = category["id"], category["name"]
        if not isinstance(number, int) or not isinstance(name, str):
            raise DatasetError(f"{path}: category {number!r} is {name!r}; a number and a name")
        if number in names or name in names.values():
            raise DatasetError(f"{path}: two categories have the id {number} or the name {name!r}")
        names[number] = name
    return dict(sorted(names.items()))


def choose_classes(
    path: Path, names: dict[int, str], choice: str | None
) -> tuple[list[str], dict[int, int | None]]:
    """Return the names of classes 1..C, and the class of each category of a file.

    Args:
        path: of the file, for messages.
        names: its categories by id, ids ascending.
        choice: `coco`: COCO's 80 classes. `file`: those of the file, by ascending id. Names of
            categories with commas between them: these, in this order. None: COCO's if all
            categories are, else the file's.

    Returns:
        The names; and for each category its class, None if it is none.

    Raises:
        DatasetError: `coco` is asked for and a category is none of COCO's, a name is no category,
            or there are more than 254 classes.
    """
    foreign = [number for number, name in names.items() if COCO_CATEGORIES.get(number) != name]
    if choice is None:
        choice = OF_FILE if foreign else OF_COCO
    if choice == OF_COCO:
        if foreign:
            raise DatasetError(
                f"{path}: category {foreign[0]} is {names[foreign[0]]!r}, but "
                f"{COCO_CATEGORIES.get(foreign[0])!r} in COCO; say --classes file"
            )
        return list(COCO_CLASSES), {number: COCO_CLASS_IDS[number] for number in names}
    if choice == OF_FILE:
        chosen = list(names.values())
    else:
        chosen = [name.strip() for name in choice.split(",")]
        unknown = [name for name in chosen if name not in names.values()]
        if unknown or len(set(chosen)) < len(chosen):
            what = f"no category {unknown[0]!r}" if unknown else "no category twice"
            raise DatasetError(f"{path}: {what}; --classes may name {', '.join(names.values())}")
    if not 0 < len(chosen) <= _MOST:
        raise DatasetError(
            f"{path}: {len(chosen)} categories, but masks of 8 bits hold 1..{_MOST} classes; name "
            "those to score with --classes"
        )
    place = {name: class_id for class_id, name in enumerate(chosen, start=1)}
    return chosen, {number: place.get(name) for number, name in names.items()}
