"""The addresses of the review, and what answers there."""

from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from werkzeug.exceptions import BadRequest, Conflict, HTTPException, NotFound
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from smallobjects.curation import order
from smallobjects.curation.agreement import agreements, disagreements
from smallobjects.curation.annotations import annotated, class_colours
from smallobjects.curation.errors import CurationError, FullDiskError, RefusedVerdictError
from smallobjects.curation.export import export
from smallobjects.curation.pace import progress
from smallobjects.curation.store import Store
from smallobjects.curation.submission import Reviewer, Settlement, Verdict
from smallobjects.web.application import Application, as_json, page, read_json, whole_number
from smallobjects.web.guard import Guard

STATIC = Path(__file__).parent / "static"
LAST_POSITION = 10**9
_REVIEWER = TypeAdapter(Reviewer)


def application(store: Store, guard: Guard) -> Application:
    """Return the review of a store as a web application."""
    pages = _Pages(store)
    routes = [
        ("GET", "/", lambda request: page(request, STATIC, "review.html")),
        ("GET", "/disagreements", lambda request: page(request, STATIC, "disagreements.html")),
        ("GET", "/images/<image>", pages.image),
        ("GET", "/decisions.csv", pages.decisions),
        ("GET", "/api/review", pages.review),
        ("GET", "/api/progress", pages.progress),
        ("GET", "/api/next", pages.next),
        ("GET", "/api/previous", pages.previous),
        ("GET", "/api/items/<image>", pages.item),
        ("GET", "/api/annotations/<image>", pages.annotations),
        ("GET", "/api/agreement", pages.agreement),
        ("GET", "/api/disagreements", pages.disagreements),
        ("POST", "/api/verdicts", pages.record),
        ("POST", "/api/settlements", pages.settle),
    ]
    return Application(routes, {"curation": STATIC}, guard)


class _NoRoom(HTTPException):
    code = HTTPStatus.INSUFFICIENT_STORAGE


class _Pages:
    """One method for each address."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.total = len(store.catalog)
        # Annotations are kept by browsers; those of another catalog have another address.
        self.version = store.catalog.version

    def review(self, request: Request) -> Response:
        """Say what is reviewed, and by whom so far."""
        with self.store.connect() as connection:
            rows = connection.execute("SELECT DISTINCT reviewer FROM verdicts").fetchall()
        return as_json(
            {
                "review": self.store.review,
                "version": self.version,
                "total": self.total,
                "colours": class_colours(),
                "reviewers": [row["reviewer"] for row in rows],
            }
        )

    def progress(self, request: Request) -> Response:
        """Say how far everybody is."""
        with self.store.connect() as connection:
            return as_json(progress(connection, _reviewer(request)))

    def next(self, request: Request) -> Response:
        """Name the next images of a reviewer."""
        start = whole_number(request, "from", 0, LAST_POSITION)
        count = whole_number(request, "count", 4, order.MOST)
        with self.store.connect() as connection:
            return as_json(order.upcoming(connection, _reviewer(request), start, count))

    def previous(self, request: Request) -> Response:
        """Name the image before a position."""
        before = whole_number(request, "before", 0, LAST_POSITION)
        with self.store.connect() as connection:
            return as_json(order.preceding(connection, _reviewer(request), before))

    def item(self, request: Request, image: str) -> Response:
        """Return what a reviewer said about an image."""
        with self.store.connect() as connection:
            found = order.named(connection, _reviewer(request), image)
        if found is None:
            raise NotFound(f"Image {image!r} is no candidate.")
        return as_json(found)

    def annotations(self, request: Request, image: str) -> Response:
        """Return the annotations of an image."""
        candidate = self.store.catalog.read(image)
        if candidate is None:
            raise NotFound(f"Image {image!r} is no candidate.")
        return as_json(annotated(self.store.catalog, candidate), cached=True)

    def image(self, request: Request, image: str) -> Response:
        """Return the image file."""
        candidate = self.store.catalog.read(image)
        if candidate is None or ".." in Path(candidate.file).parts:
            raise NotFound(f"Image {image!r} is no candidate.")
        path = self.store.catalog.raw / candidate.file
        if not path.is_file():
            raise NotFound(f"{path}: the image is missing; fetch it again.")
        response = send_file(path.resolve(), request.environ)
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    def record(self, request: Request) -> Response:
        """Write a verdict; the answer means that it is on the disk."""
        verdict = read_json(request, Verdict)
        try:
            self.store.record(verdict)
        except KeyError as error:
            raise BadRequest(f"Image {verdict.image!r} is no candidate.") from error
        except RefusedVerdictError as error:
            # 400: pages put aside what is never taken, and send again what is refused otherwise.
            raise BadRequest(str(error)) from error
        except FullDiskError as error:
            raise _NoRoom(str(error)) from error
        return as_json({"request": verdict.request})

    def settle(self, request: Request) -> Response:
        """Write how a disagreement ends."""
        settlement = read_json(request, Settlement)
        try:
            self.store.settle(settlement)
        except KeyError as error:
            raise BadRequest(f"Image {settlement.image!r} is no candidate.") from error
        except FullDiskError as error:
            raise _NoRoom(str(error)) from error
        return as_json({"image": settlement.image})

    def agreement(self, request: Request) -> Response:
        """Return the agreement of every two reviewers."""
        with self.store.connect() as connection:
            pairs = agreements(connection)
        numbers = ("images", "observed", "kappa", "on_accept", "on_reject")
        return as_json([asdict(pair) | {n: getattr(pair, n) for n in numbers} for pair in pairs])

    def disagreements(self, request: Request) -> Response:
        """Return some of the images on which reviewers disagree."""
        offset = whole_number(request, "offset", 0, LAST_POSITION)
        count = whole_number(request, "count", 20, order.MOST)
        with self.store.connect() as connection:
            total, unsettled, found = disagreements(connection, offset, count)
        return as_json({"total": total, "unsettled": unsettled, "images": found})

    def decisions(self, request: Request) -> Response:
        """Hand over the decisions file."""
        try:
            with self.store.connect() as connection:
                exported = export(connection)
        except CurationError as error:
            raise Conflict(str(error)) from error
        response = Response(exported.decisions, HTTPStatus.OK, mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=decisions.csv"
        return response


def _reviewer(request: Request) -> str:
    """Return who asks.

    Raises:
        BadRequest: it is no name.
    """
    try:
        return _REVIEWER.validate_python(request.args.get("reviewer", ""))
    except ValidationError as error:
        raise BadRequest(f"reviewer: {error.errors()[0]['msg']}") from error
