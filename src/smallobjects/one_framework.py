"""MMSegmentation is there once: as it was published, or as its continuation."""

from importlib.metadata import PackageNotFoundError, version

from smallobjects.extras import UnfitError

CONTINUED = {
    "mmengine": "onedl-mmengine",
    "mmcv": "onedl-mmcv",
    "mmcv-lite": "onedl-mmcv",
    "mmsegmentation": "onedl-mmsegmentation",
}
"""The published packages, and the continuations that install modules of the same names."""


def check_one_framework() -> None:
    """Refuse an environment in which one package has overwritten the modules of another.

    pip installs both without a word, and what is imported is then a mixture of two versions.

    Raises:
        UnfitError: both are installed; the message says how to mend it.
    """
    for published, continuation in CONTINUED.items():
        found = {name: _version(name) for name in (published, continuation)}
        if None in found.values():
            continue
        both = " and ".join(f"{name} {number}" for name, number in found.items())
        raise UnfitError(
            f"{both} are both installed, and share their modules, so that these are a mixture of "
            f"two versions; pip uninstall {published} {continuation}, then install the one you want"
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
