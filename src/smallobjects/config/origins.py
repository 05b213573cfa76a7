"""Layers of settings that know where each of their values was written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from smallobjects.config.layers import merge, without_marks

Keys = tuple[str, ...]
"""The keys that lead to a value, from the outermost on."""
Sources = tuple[tuple[str, Mapping[str, Any]], ...]
"""Places where settings are written, the lowest first: what each is called, and what it says."""


class Layer(NamedTuple):
    """Settings of one layer, and what they were merged from."""

    values: Mapping[str, Any]
    sources: Callable[[], Sources]
    """Read only where somebody asks where a value comes from."""

    @classmethod
    def of(cls, values: Mapping[str, Any], place: str) -> "Layer":
        """Return the layer of settings that were written in one place."""
        return cls(values, lambda: ((place, values),))

    def below(self, *keys: str, called: str = "") -> "Layer":
        """Return what stands under `keys`: nothing, where they are not there.

        `called` is added to the name of each place.
        """
        return self._each(lambda values: _below(values, keys), called)

    def under(self, key: str) -> "Layer":
        """Return the layer as what stands under `key`."""
        return self._each(lambda values: {key: values})

    def only(self, keys: Iterable[str]) -> "Layer":
        """Return what the layer says of `keys`, and nothing else."""
        kept = set(keys)
        return self._each(lambda values: {key: values[key] for key in values if key in kept})

    def parts(self, dataset: str) -> tuple["Layer", "Layer"]:
        """Return what it says for all datasets and, over that, for `dataset`."""
        plain = self.only({*self.values} - {"per_dataset", "scales"})
        return plain, self.below("per_dataset", dataset, called=f", per_dataset: {dataset}")

    def _each(self, change: Callable[[Mapping], Mapping], called: str = "") -> "Layer":
        def sources() -> Sources:
            return tuple((f"{place}{called}", change(said)) for place, said in self.sources())

        return Layer(change(self.values), sources)


class Resolved(NamedTuple):
    """Settings resolved from their layers."""

    values: dict[str, Any]
    parts: tuple[Layer, ...]
    """What they were merged from, the lowest first."""

    def rank(self, path: Keys) -> int:
        """Return which of the parts gave the value at `path`: an index, or -1 if none did."""
        return _giver([part.values for part in self.parts], path)

    def place(self, path: Keys) -> str | None:
        """Return the name of the place where the value at `path` was written, if it was."""
        rank = self.rank(path)
        if rank < 0:
            return None
        sources = self.parts[rank].sources()
        return sources[_giver([values for _, values in sources], path)][0]

    def as_of(self, rank: int) -> dict[str, Any]:
        """Return what the parts up to and with that of index `rank` say."""
        return without_marks(merge({}, *(part.values for part in self.parts[: rank + 1])))

    def below(self, key: str) -> "Resolved":
        """Return what stands under `key`."""
        return Resolved(self.values.get(key, {}), tuple(part.below(key) for part in self.parts))


def resolve(layers: Iterable[Layer], dataset: str) -> Resolved:
    """Merge `layers`, the first one lowest, each with what it says for `dataset` over the rest.

    A layer may hold `per_dataset: {<dataset>: changes}`; neither that key nor `scales` is left.
    """
    parts = tuple(part for layer in layers for part in layer.parts(dataset) if part.values)
    return Resolved(without_marks(merge({}, *(part.values for part in parts))), parts)


def _below(values: Any, keys: Keys) -> Mapping[str, Any]:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _giver(layers: list[Mapping[str, Any]], path: Keys) -> int:
    """Return the index of the highest of some settings that gives `path` or takes it away."""
    for index in reversed(range(len(layers))):
        said = _says(layers[index], path)
        if said is not None:
            return index if said else -1
    return -1


def _says(values: Mapping[str, Any], path: Keys) -> bool | None:
    """Tell whether settings give a value at `path` (True), replace what it was in, or neither."""
    replaced = False
    for key in path:
        if not isinstance(values, Mapping):
            return False
        replaced = replaced or bool(values.get("_delete_"))
        if key not in values:
            return False if replaced else None
        values = values[key]
    return True
