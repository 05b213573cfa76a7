"""Validation errors in words: the key, its value, and what is allowed."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, Tag, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(ValueError):
    """The configuration cannot be run; the message says which key, which value, what is allowed."""


def validate(model: type[Model], values: Mapping[str, Any], key: str, origin: str) -> Model:
    """Return `values` as a `model`.

    Args:
        model: the pydantic model that says what is allowed.
        values: the resolved settings.
        key: the dotted key at which `values` stand in the configuration, for messages.
        origin: the files the values were read from, for messages.

    Raises:
        ConfigError: one line per offending key.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [_explain(model, problem, key) for problem in error.errors()]
        raise ConfigError("\n".join([*lines, f"(read from {origin})"])) from None


def unknown(key: str, value: object, allowed: list[str], what: str = "unknown") -> ConfigError:
    """Return the error for a name that is not one of `allowed`; `what` says what is wrong."""
    guess = get_close_matches(str(value), allowed, n=1)
    hint = f" Did you mean {guess[0]}?" if guess else ""
    return ConfigError(f"{key} = {value!r}: {what}; allowed: {', '.join(allowed) or 'none'}.{hint}")


def _explain(model: type[BaseModel], problem: Mapping[str, Any], key: str) -> str:
    location = [str(part) for part in problem["loc"] if not _is_tag(part)]
    path = ".".join([key, *location]).strip(".")
    if problem["type"] == "extra_forbidden":
        allowed = _fields_at(model, problem["loc"][:-1])
        return str(unknown(path, problem["input"], allowed, "unknown key"))
    if problem["type"] == "missing":
        return f"{path}: missing; it must be given"
    message = problem["msg"].removeprefix("Value error, ")
    value = problem["input"]
    shown = "" if isinstance(value, dict) else f" = {value!r}"
    return f"{path}{shown}: {message[0].lower()}{message[1:]}"


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
