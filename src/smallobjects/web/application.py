"""A small WSGI application: routes to plain functions, files of pages, and errors in words."""

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from smallobjects.web.guard import Guard

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[..., Response]
STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
MAX_BODY = 1 << 20
"""Bytes of a request; a decision has a few hundred."""
HEADERS = {
    # Nothing of a page comes from elsewhere, and no text in it ever becomes script or style.
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Application:
    """Answers requests that its guard lets through.

    Args:
        routes: a rule of Werkzeug, such as `/api/items/<image>`, with its method and its handler,
            which gets the request and the parts of the path by name.
        pages: for each name in `/static/<name>/…`, the folder that is served there.
        guard: of the server.
    """

    def __init__(
        self,
        routes: Iterable[tuple[str, str, Handler]],
        pages: Mapping[str, Path],
        guard: Guard,
    ) -> None:
        self.guard = guard
        self.pages = {"web": STATIC, **pages}
        rules = [Rule(path, methods=[method], endpoint=call) for method, path, call in routes]
        static = Rule("/static/<room>/<path:name>", methods=["GET"], endpoint=self._static)
        self.routes = Map([*rules, static])

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        request = Request(environ)
        request.max_content_length = MAX_BODY
        response = self._answer(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            answered = self.guard.check(request)
            if answered is not None:
                return answered
            handler, arguments = self.routes.bind_to_environ(request.environ).match()
            return handler(request, **arguments)
        except HTTPException as error:
            return _refusal(request, error)
        except Exception:
            # One request must not end a review; whoever runs the server sees what happened.
            traceback.print_exc(file=sys.stderr)
            return _refusal(request, InternalServerError())

    def _static(self, request: Request, room: str, name: str) -> Response:
        if room not in self.pages:
            raise NotFound()
        return page(request, self.pages[room], name)


def page(request: Request, folder: Path, name: str) -> Response:
    """Return a file of a page; browsers ask each time whether it changed."""
    response = send_from_directory(
        folder, name, request.environ, mimetype=_TYPES.get(Path(name).suffix)
    )
    response.headers["Cache-Control"] = "no-cache"
    return response


def as_json(content: Any, *, cached: bool = False) -> Response:
    """Return JSON, of pydantic models too; `cached` for what never changes while the tool runs."""
    text = content.model_dump_json() if isinstance(content, BaseModel) else _dumps(content)
    response = Response(text, mimetype="application/json")
    if cached:
        response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def read_json(request: Request, model: type[Model]) -> Model:
    """Return the body of a request.

    Raises:
        BadRequest: it is no such JSON.
    """
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise BadRequest(f"{where}: {first['msg']}") from error


def whole_number(request: Request, name: str, default: int, most: int) -> int:
    """Return a number of the query, between 0 and `most`.

    Raises:
        BadRequest: it is something else.
    """
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise BadRequest(f"{name}: {text!r} is no whole number from 0 on")
    return min(int(text), most)


def _dumps(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _refusal(request: Request, error: HTTPException) -> Response:
    response = error.get_response(request.environ)
    text = error.description or error.name
    if request.path.startswith("/api/"):
        response.data = _dumps({"error": text})
        response.mimetype = "application/json"
    else:
        response.data = f"{error.code} {error.name}\n{text}\n"
        response.mimetype = "text/plain"
    return response
