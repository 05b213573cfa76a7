"""Files that an installed Python package ships, such as pretrained weights."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from smallobjects.fetching.errors import AddressError
from smallobjects.fetching.partial import PartialFile


def packaged_file(place: str) -> Path:
    """Return the path of `<package>:<file>` in the installed package, which is not imported.

    Raises:
        AddressError: there is no such package, or it has no such file.
    """
    package, _, name = place.partition(":")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise AddressError(
            f"no package {package!r} is installed; `make environment` installs it, as does "
            "`pip install -r envs/requirements.txt`"
        )
    path = Path(spec.submodule_search_locations[0], name)
    if not path.is_file():
        raise AddressError(f"the package {package!r} has no file {name!r}; install another version")
    return path


def copy_packaged(place: str, partial: PartialFile) -> None:
    """Make the partial file a copy of a packaged one.

    Raises:
        AddressError: there is none.
    """
    partial.discard()
    shutil.copyfile(packaged_file(place), partial.path)
