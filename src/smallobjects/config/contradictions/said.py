"""What is said of one thing, and what is wrong with two of its values."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from smallobjects.config.errors import ConfigError
from smallobjects.config.origins import Keys, Resolved
from smallobjects.parameters import Parameters


class Said(NamedTuple):
    """Settings that stand under one key, and the layers that they come from."""

    key: str
    """Dotted, for messages."""
    values: Mapping[str, Any]
    """As they are used, with those that no layer gives."""
    resolved: Resolved

    @classmethod
    def of(cls, key: str, settings: Parameters, resolved: Resolved) -> "Said":
        """Return what is said of validated settings."""
        return cls(key, settings.model_dump(by_alias=True), resolved)

    def below(self, *keys: str) -> "Said":
        """Return what stands under `keys`: nothing, where there is nothing."""
        said = self
        for key in keys:
            inner = said.values.get(key)
            values = inner if isinstance(inner, Mapping) else {}
            said = Said(f"{said.key}.{key}", values, said.resolved.below(key))
        return said

    def error(self, name: str, problem: str) -> ConfigError:
        """Return the error that the value called `name` is wrong: key, value, place, problem."""
        return ConfigError(f"{self.key}.{self.described(name)}: {problem}")

    def described(self, name: str) -> str:
        """Return the name of a value with the value and where it was written."""
        place = self.resolved.place((name,))
        return f"{name} = {plain(self.values[name])}" + (f" ({place})" if place else "")


def plain(value: Any) -> str:
    """Return a value as a person writes it in YAML, nearly."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(plain, value))}]"
    if isinstance(value, PurePath):
        return repr(str(value))
    return "null" if value is None else repr(value)


def check_read(
    said: Said, name: str, by: str, readers: tuple, remedy: str, lowest: int = 0
) -> None:
    """Check that a value that somebody gives is read.

    It is read where the value called `by` is one of `readers`. Where it is not, a value from a
    layer below the one that decides so is only left over; one from there or above was meant.
    Layers below `lowest` state every value, read or not.

    Raises:
        ConfigError: it is not read.
    """
    values, resolved = said.values, said.resolved
    if values.get(name) in (None, (), []) or values.get(by) in readers or by not in values:
        return
    if resolved.rank((name,)) >= max(lowest, resolved.rank((by,))):
        raise said.error(name, f"not read, as {said.described(by)}; {remedy}, or leave it out")


def check_weights(said: Said, weights: Keys, network: tuple[str, ...]) -> None:
    """Check that weights were not given for another network than the one that is to have them.

    Args:
        said: a stage, or the backbone of a segmentor.
        weights: leads to the file.
        network: the names of the values that tell which network it is. Of two whose names begin
            alike, such as resnet50 and resnet50_fpn, one has the weights of the other.

    Raises:
        ConfigError: a layer that changes the network leaves the weights of the one before.
    """
    file, rank = _at(said.values, weights), said.resolved.rank(weights)
    if file is None or rank < 0:
        return
    then = said.resolved.as_of(rank)
    for name in network:
        before, now = then.get(name), said.values.get(name)
        if before is None or now is None or _alike(str(before), str(now)):
            continue
        place = said.resolved.place(weights)
        raise ConfigError(
            f"{said.key}.{'.'.join(weights)} = {plain(file)} ({place}): given for {name} = "
            f"{plain(before)}, but {said.described(name)}; give the weights of {plain(now)} "
            f"beside it, or null"
        )


def _alike(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}_") or other.startswith(f"{one}_")


def _at(values: Any, keys: Keys) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values
