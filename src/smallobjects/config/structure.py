"""Where settings may differ by dataset and scale: checked before they are resolved."""

from collections.abc import Callable, Mapping
from typing import Any

from smallobjects.config.errors import ConfigError, unknown

KINDS = {"per_dataset": "datasets", "scales": "scales"}


def check_structure(
    values: Mapping[str, Any],
    key: str,
    available: Callable[[str], list[str]],
    scaled: bool = True,
) -> None:
    """Check `per_dataset` and `scales` of one layer.

    Args:
        values: the layer.
        key: the dotted key at which it stands, for messages.
        available: gives the names that exist of a kind: datasets, scales.
        scaled: whether it may hold `scales`, each of which may hold `per_dataset`.

    Raises:
        ConfigError: a name that there is not, something else than a mapping, or one of the two
            where it would be read by nobody.
    """
    if not scaled and "scales" in values:
        raise ConfigError(
            f"{key}.scales: read by nobody here; a file or `settings` may hold `scales`, and each "
            "of them `per_dataset`, not the other way round"
        )
    for part in ("per_dataset", "scales"):
        for name, changes in _mapping(values.get(part, {}), f"{key}.{part}").items():
            if name not in available(KINDS[part]):
                raise unknown(f"{key}.{part}", name, available(KINDS[part]))
            place = f"{key}.{part}.{name}"
            _mapping(changes, place)
            if part == "scales":
                check_structure(changes, place, available, scaled=False)
            else:
                _check_no_more(changes, place)


def _check_no_more(changes: Mapping[str, Any], place: str) -> None:
    for part in KINDS:
        if part in changes:
            raise ConfigError(
                f"{place}.{part}: read by nobody here; write `scales` around `per_dataset`, not "
                "inside"
            )


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} = {value!r}: a mapping of settings was expected")
    return value
