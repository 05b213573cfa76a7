"""Settings as nested mappings: read from files, and laid one over the other."""

import copy
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from smallobjects.config.errors import ConfigError


# LibYAML's parser takes a tenth of the time, where PyYAML was built with it.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Plain YAML in which a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return a mapping; PyYAML would take the last of two values in silence."""
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


@cache
def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        ConfigError: the file is not valid YAML, holds a key twice, or is not a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8 ({error.reason}); save it as UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping of keys to values was expected")
    return expand_home(content)


def require_single_keys(paths: Iterable[str | Path]) -> None:
    """Refuse files of settings in which a key stands twice; Snakemake takes the last of the two.

    Raises:
        ConfigError: one is such a file, or not to be read.
    """
    for path in map(Path, paths):
        if path.suffix in (".yaml", ".yml"):
            read_yaml(path)


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


def merge(base: Mapping[str, Any], *changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with each of `changes` laid over it.

    Mappings are merged key by key; anything else, lists too, is replaced. A mapping that holds
    `_delete_: true` replaces the one below it as a whole, as in MMEngine; the mark is kept, so that
    merged changes can be laid over something else, until `without_marks` takes it out.
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


def without_marks(value: Any) -> Any:
    """Return settings without the marks `_delete_`, which are of use to `merge` alone."""
    if not isinstance(value, Mapping):
        return value
    return {key: without_marks(item) for key, item in value.items() if key != "_delete_"}
