"""The addresses of the viewer, and what answers there; nothing is written."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from smallobjects.viewer.pictures import Pictures
from smallobjects.viewer.rows import ORDERS, SIZES, InstanceRows, Query, ViewError
from smallobjects.web.application import Application, as_json, page, whole_number
from smallobjects.web.guard import Guard

STATIC = Path(__file__).parent / "static"
MOST = 200
"""Rows that a page may ask for at once."""
Found = TypeVar("Found")
_KEPT = "private, max-age=60"


def application(pictures: Pictures, rows: InstanceRows, title: str, guard: Guard) -> Application:
    """Return the viewer of predictions and their scores as a web application."""
    pages = _Pages(pictures, rows, title)
    routes = [
        ("GET", "/", lambda request: page(request, STATIC, "view.html")),
        ("GET", "/api/view", pages.view),
        ("GET", "/api/rows", pages.rows_of_query),
        ("GET", "/api/images/<image>", pages.described),
        ("GET", "/images/<image>", pages.image),
        ("GET", "/masks/truth/<image>", pages.truth),
        ("GET", "/masks/prediction/<image>", pages.prediction),
    ]
    return Application(routes, {"viewer": STATIC}, guard)


class _Pages:
    """One method for each address."""

    def __init__(self, pictures: Pictures, rows: InstanceRows, title: str) -> None:
        self.pictures = pictures
        self.rows = rows
        self.title = title
        self.images = frozenset(rows.columns["image"].tolist())

    def view(self, request: Request) -> Response:
        """Say what is viewed."""
        present = np.unique(self.rows.columns["class_id"]).tolist()
        names, colours = self.pictures.class_names, self.pictures.colours()
        return as_json(
            {
                "title": self.title,
                "instances": len(self.rows),
                "images": len(self.images),
                "sizes": SIZES,
                "classes": [{"id": k, "name": names[k], "colour": colours[k]} for k in present],
            }
        )

    def rows_of_query(self, request: Request) -> Response:
        """Return one page of the rows that are asked for, and what they have in common."""
        found = self.rows.find(_query(request))
        offset = whole_number(request, "offset", 0, len(self.rows))
        count = whole_number(request, "count", 50, MOST)
        names = self.pictures.class_names
        records = self.rows.records(found[offset : offset + count])
        iou = self.rows.columns["iou"][found]
        return as_json(
            {
                "total": len(found),
                "mean": float(iou.mean()) if len(found) else None,
                "histogram": self.rows.histogram(found),
                "rows": [row | {"class": names[row["class_id"]]} for row in records],
            }
        )

    def described(self, request: Request, image: str) -> Response:
        """Return the instances of an image."""
        return as_json(self._found(image, lambda: self.pictures.described(image, self.rows)))

    def image(self, request: Request, image: str) -> Response:
        """Return the image file."""
        path = self._found(image, lambda: self.pictures.image_path(image))
        response = send_file(path.resolve(), request.environ)
        response.headers["Cache-Control"] = _KEPT
        return response

    def truth(self, request: Request, image: str) -> Response:
        """Return the ground truth, coloured."""
        return self._mask(image, self.pictures.truth)

    def prediction(self, request: Request, image: str) -> Response:
        """Return the prediction, coloured."""
        return self._mask(image, self.pictures.prediction)

    def _mask(self, image: str, read: Callable[[str], np.ndarray]) -> Response:
        content = self._found(image, lambda: self.pictures.coloured(read(image)))
        response = Response(content, mimetype="image/png")
        response.headers["Cache-Control"] = _KEPT
        return response

    def _found(self, image: str, find: Callable[[], Found]) -> Found:
        if image not in self.images:
            raise NotFound(f"Image {image!r} has no scored instance.")
        try:
            return find()
        except ViewError as error:
            raise NotFound(str(error)) from error


def _query(request: Request) -> Query:
    """Return which rows a request asks for.

    Raises:
        BadRequest: a value is not allowed.
    """
    arguments = request.args
    classes, sizes = arguments.getlist("class"), arguments.getlist("size")
    order = arguments.get("order", "iou")
    if not all(text.isascii() and text.isdecimal() and len(text) < 6 for text in classes):
        raise BadRequest("class: class ids are whole numbers")
    if order not in ORDERS or not set(sizes) <= set(SIZES):
        raise BadRequest(f"order is one of {', '.join(ORDERS)}, size of {', '.join(SIZES)}")
    return Query(
        frozenset(map(int, classes)),
        frozenset(sizes),
        _fraction(request, "lowest", 0.0),
        _fraction(request, "highest", 1.0),
        arguments.get("image", ""),
        order,
        arguments.get("descending") == "1",
    )


def _fraction(request: Request, name: str, default: float) -> float:
    try:
        value = float(request.args.get(name, default))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise BadRequest(f"{name}: an IoU lies between 0 and 1")
    return value
