"""What is raised where the configuration cannot be run."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from smallobjects.validation_messages import explain, unknown_name

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
        lines = [explain(model, problem, key) for problem in error.errors()]
        raise ConfigError("\n".join([*lines, f"(read from {origin})"])) from None


def unknown(key: str, value: object, allowed: list[str], what: str = "unknown") -> ConfigError:
    """Return the error for a name that is not one of `allowed`; `what` says what is wrong."""
    return ConfigError(unknown_name(key, value, allowed, what))
