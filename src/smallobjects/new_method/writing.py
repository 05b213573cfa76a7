"""Writing the files of a new method into a checkout."""

import keyword
import re
from importlib import resources
from pathlib import Path
from string import Template

from smallobjects.errors import BadInputError

FILES = {
    "package.py": "src/smallobjects/pseudo_labels/{name}/__init__.py",
    "parameters.py": "src/smallobjects/pseudo_labels/{name}/parameters.py",
    "labels.py": "src/smallobjects/pseudo_labels/{name}/labels.py",
    "commands.py": "src/smallobjects/pseudo_labels/{name}/commands.py",
    "rules.smk": "workflow/rules/pseudo_labels/{name}.smk",
    "settings.yaml": "config/methods/{name}.yaml",
    "test.py": "tests/pseudo_labels/test_{name}.py",
}
"""Where each template goes in a checkout."""
LONGEST_TITLE = 40
_IMPORTS = re.compile(r"(?:^ *from smallobjects\..*\n)+", re.MULTILINE)
"""Lines whose order depends on the name."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,23}")


def new_method(checkout: Path, name: str, title: str) -> list[Path]:
    """Write a small method that works: labels from shrunk boxes.

    Args:
        checkout: the folder with the Snakefile.
        name: of its folder, its files and its label source.
        title: what is printed.

    Returns:
        The files, relative to the checkout.

    Raises:
        BadInputError: it is no checkout, name or title cannot be one, or a file is there already;
            nothing is written.
    """
    if not (checkout / "Snakefile").is_file() or not (checkout / "config" / "methods").is_dir():
        raise BadInputError(
            f"{checkout}: no checkout of smallobjects (it has no Snakefile with config/methods/); "
            "clone the repository, install it with `make environment`, and call this there"
        )
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise BadInputError(
            f"{name!r} cannot be the name of a method: it names a Python package, so use "
            "at most 24 lower-case letters, digits and _, beginning with a letter"
        )
    unfit = len(title) > LONGEST_TITLE or not title.isprintable() or set(title) & set("\"\\'$")
    if unfit or not title.strip():
        raise BadInputError(
            f"{title!r} cannot be the title of a method: it stands in code and YAML, so use at "
            f"most {LONGEST_TITLE} characters, and no quotes, backslashes, $ or line breaks"
        )
    places = {kind: Path(place.format(name=name)) for kind, place in FILES.items()}
    folder = places["package.py"].parent
    taken = [path for path in (folder, *places.values()) if (checkout / path).exists()]
    if taken:
        raise BadInputError(f"{taken[0]}: is there already; choose another name, or remove it")
    words = {
        "name": name,
        "title": title,
        "command": name.replace("_", "-"),
    }
    templates = resources.files("smallobjects.new_method").joinpath("templates")
    for kind, path in places.items():
        text = templates.joinpath(f"{kind}.template").read_text("utf-8")
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        written = Template(text).substitute(words)
        (checkout / path).write_text(_IMPORTS.sub(_sorted_lines, written), "utf-8")
    return list(places.values())


def _sorted_lines(block: re.Match[str]) -> str:
    return "".join(sorted(block[0].splitlines(keepends=True), key=lambda line: line.split()[1]))
