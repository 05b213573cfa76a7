"""Resolved settings as YAML, each line with the layer that its value comes from."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from smallobjects.config.origins import Keys, Resolved

UNSAID = "by default"
"""The origin of a value that no file gives."""
WIDEST = 56
"""Comments are in one column, up to this one."""


def annotated(settings: BaseModel | Mapping[str, Any], resolved: Resolved) -> str:
    """Return settings as YAML that gives them back, with comments that say where they come from.

    Args:
        settings: as they are used, so that values that no layer gives are there too.
        resolved: the layers that they come from.
    """
    if isinstance(settings, BaseModel):
        settings = settings.model_dump(mode="json", by_alias=True)
    lines = list(_lines(settings, resolved, ()))
    width = min(WIDEST, max((len(text) for text, origin in lines if origin), default=0))
    return "".join(
        f"{text:<{width}}  # {origin}\n" if origin else f"{text}\n" for text, origin in lines
    )


def _lines(settings: Mapping[str, Any], resolved: Resolved, above: Keys) -> Iterator[tuple]:
    """Yield the text of each line and the origin of what is on it: of a mapping, there is none."""
    for key, value in settings.items():
        path = (*above, key)
        start = f"{'  ' * len(above)}{_flow(key)}:"
        if isinstance(value, Mapping) and value:
            yield start, ""
            yield from _lines(value, resolved, path)
            continue
        origin = _printable(resolved.place(path) or UNSAID)
        if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
            yield start, origin
            for item in value:
                yield f"{'  ' * len(path)}- {_flow(item)}", origin
        else:
            yield f"{start} {_flow(value)}", origin


def _printable(place: str) -> str:
    """Return a name as a comment may hold it: a file may be called anything."""
    return "".join(each if each.isprintable() else "?" for each in place) or UNSAID


class _OneLine(yaml.SafeDumper):
    """Writes no text over several lines."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLine.add_representer(str, _text)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    options = {"default_flow_style": True, "sort_keys": False, "allow_unicode": True}
    text = yaml.dump(value, Dumper=_OneLine, width=float("inf"), **options)
    return text.removesuffix("...\n").strip()
