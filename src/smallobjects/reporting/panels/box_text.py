"""Where the number of a box stands on a picture: off the other boxes, if there is room."""

from collections.abc import Sequence

Place = tuple[float, float, float, float]
"""Left, top, width and height on the page, in inches."""
TEXT_SIZE = (0.16, 0.075)
"""Width and height of the text at a box, in inches."""
_TEXT_GAP = 0.015


def text_place(box: Place, others: Sequence[Place], picture: Place) -> tuple[float, float]:
    """Return the middle of a box's text: above, below, right or left of it.

    It is the first of these that is inside the picture and off the others; if none is, the first
    that is inside; if none is, above.

    Args:
        box: the box.
        others: other boxes of the picture, and the texts that are there already.
        picture: the picture.
    """
    x, y, width, height = box
    wide, high = TEXT_SIZE
    middle = (
        min(max(x + width / 2, picture[0] + wide / 2), picture[0] + picture[2] - wide / 2),
        min(max(y + height / 2, picture[1] + high / 2), picture[1] + picture[3] - high / 2),
    )
    places = [
        (middle[0], y - high / 2 - _TEXT_GAP),
        (middle[0], y + height + high / 2 + _TEXT_GAP),
        (x + width + wide / 2 + _TEXT_GAP, middle[1]),
        (x - wide / 2 - _TEXT_GAP, middle[1]),
    ]
    inside = [each for each in places if _is_inside(each, picture)]
    free = [each for each in inside if not any(_overlaps(each, other) for other in others)]
    return (free or inside or places)[0]


def _is_inside(text: tuple[float, float], place: Place) -> bool:
    """Tell whether a text with this middle is inside a picture, up to rounding."""
    near = 1e-9
    return all(
        place[k] - near <= text[k] - TEXT_SIZE[k] / 2
        and text[k] + TEXT_SIZE[k] / 2 <= place[k] + place[k + 2] + near
        for k in (0, 1)
    )


def _overlaps(text: tuple[float, float], box: Place) -> bool:
    """Tell whether a text with this middle overlaps a box."""
    return all(
        text[k] - TEXT_SIZE[k] / 2 < box[k] + box[k + 2] and box[k] < text[k] + TEXT_SIZE[k] / 2
        for k in (0, 1)
    )
