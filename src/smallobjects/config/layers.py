"""Settings in layers: a file of its own, what the scale changes, what the user changes."""

import copy
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from smallobjects.config.errors import ConfigError

Layer = Mapping[str, Any]


@cache
def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        ConfigError: the file is not valid YAML, or not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8 ({error.reason}); save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping of keys to values was expected")
    return expand_home(content)


@cache
def read_mmengine(path: Path) -> dict[str, Any]:
    """Return the top-level names of an MMEngine Python configuration file, as plain values."""
    from mmengine.config import Config

    return expand_home(Config.fromfile(path).to_dict())


def expand_home(value: Any) -> Any:
    """Return a value in which every path that begins with `~` begins with the home folder.

    Nothing but paths begins with `~/` or is `~name` in the configuration. Without this, a folder
    of the name `~` would be made, which somebody then removes.

    Raises:
        ConfigError: there is no such home folder.
    """
    if isinstance(value, Mapping):
        return {key: expand_home(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(expand_home, value))
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    try:
        return str(Path(value).expanduser())
    except RuntimeError:
        raise ConfigError(f"{value}: there is no such home folder; give the whole path") from None


def merge(base: Layer, *changes: Layer) -> dict[str, Any]:
    """Return `base` with each of `changes` laid over it.

    Mappings are merged key by key; anything else, lists too, is replaced. A mapping that holds
    `_delete_: true` replaces the one below it as a whole, as in MMEngine; the mark is kept, so that
    merged changes can be laid over something else, until `resolve` takes it out.
    """
    result = copy.deepcopy(dict(base))
    for change in changes:
        for key, value in change.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            if both and not value.get("_delete_"):
                result[key] = merge(result[key], value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def resolve(layers: Iterable[Layer], dataset: str) -> dict[str, Any]:
    """Merge `layers`, the first one lowest, each with what it says for `dataset`.

    A layer may hold `per_dataset: {<dataset>: changes}`; neither that key nor `scales` is left.
    """
    return _without_marks(merge({}, *(_for_dataset(layer, dataset) for layer in layers)))


def _for_dataset(layer: Layer, dataset: str) -> dict[str, Any]:
    plain = {key: layer[key] for key in layer if key not in ("per_dataset", "scales")}
    return merge(plain, layer.get("per_dataset", {}).get(dataset, {}))


def _without_marks(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_marks(item) for key, item in value.items() if key != "_delete_"}
