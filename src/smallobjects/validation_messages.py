"""What is wrong with settings, in words: the key, its value, and what is allowed."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, Tag, ValidationError

SHOWN = 3
"""Fields that a line names; of more it says how many there are."""


def unknown_name(
    key: str,
    value: object,
    allowed: Sequence[str],
    what: str = "unknown",
    *,
    name: str | None = None,
) -> str:
    """Return what is said of a name that is not one of `allowed`.

    Args:
        key: the dotted key at which it stands.
        value: what stands there.
        allowed: the names that there are.
        what: what is wrong.
        name: the name, where it is not the value.
    """
    guess = get_close_matches(str(value) if name is None else name, allowed, n=1)
    hint = f" Did you mean {guess[0]}?" if guess else ""
    return f"{key} = {value!r}: {what}; allowed: {', '.join(allowed) or 'none'}.{hint}"


def explain(model: type[BaseModel], problem: Mapping[str, Any], key: str) -> str:
    """Return one line that says what is wrong.

    Args:
        model: the pydantic model that refused the settings.
        problem: one of the `errors()` of its ValidationError.
        key: the dotted key at which the settings stand, or nothing.
    """
    path = _path(problem, key)
    if problem["type"] == "extra_forbidden":
        allowed = _fields_at(model, problem["loc"][:-1])
        name = str(problem["loc"][-1])
        return unknown_name(path, problem["input"], allowed, "unknown key", name=name)
    if problem["type"] == "missing":
        return f"{path}: missing; it must be given"
    message = problem["msg"].removeprefix("Value error, ")
    message = f"{message[0].lower()}{message[1:]}"
    value = problem["input"]
    shown = "" if isinstance(value, dict) or not path else f" = {value!r}"
    return f"{path}{shown}: {message}".removeprefix(": ")


def summarise(model: type[BaseModel], error: ValidationError, key: str = "") -> str:
    """Return one line for all that is wrong: values that are refused, then fields that lack.

    Args:
        model: the pydantic model that refused the settings.
        error: what it raised.
        key: the dotted key at which the settings stand, or nothing.
    """
    problems = error.errors()
    refused = [explain(model, each, key) for each in problems if each["type"] != "missing"]
    missing = [_path(each, key) for each in problems if each["type"] == "missing"]
    parts = [_some(refused, "; ")] if refused else []
    if missing:
        parts.append(f"missing: {_some(missing, ', ')}")
    return "; ".join(parts)


def _some(texts: list[str], between: str) -> str:
    more = len(texts) - SHOWN
    return between.join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _path(problem: Mapping[str, Any], key: str) -> str:
    location = [str(part) for part in problem["loc"] if not _is_tag(part)]
    return ".".join([key, *location]).strip(".")


def _is_tag(part: str | int) -> bool:
    """Tell whether a part of a location names no key, but one of several models that it may hold.

    Such tags stand in parentheses.
    """
    return isinstance(part, str) and part.startswith("(")


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the field names of the model nested in `model` at `location`."""
    tags = [Tag(part) for part in location if _is_tag(part)]
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        candidates = [field.annotation, *get_args(field.annotation)]
        candidates += [get_args(c)[0] for c in candidates if set(get_args(c)) & set(tags)]
        nested = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if nested:
            model = nested[0]
    return [field.alias or name for name, field in model.model_fields.items()]
