"""The commands that a file defines, read from its text, which takes a tenth of importing it."""

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


@cache
def commands_in(module: str) -> dict[str, str]:
    """Return the help of every command of a module, by name, in the order of the file.

    Args:
        module: below `smallobjects`, such as `cli.metrics`. Its commands are the functions below
            `@click.command(…)`, called as click calls them.
    """
    path = SOURCE.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name.replace("_", "-"): ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list))
    }


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "click.command"


@cache
def label_modules() -> dict[str, str]:
    """Return the modules of the label methods' commands, by the command's name, IRN's first.

    A method's commands are in `commands.py` in its folder.
    """
    rooms = sorted(path.parent.name for path in SOURCE.glob("pseudo_labels/*/commands.py"))
    rooms.sort(key=lambda room: room not in ("saliency", "irn"))
    modules = [f"pseudo_labels.{room}.commands" for room in rooms]
    return {name: module for module in modules for name in commands_in(module)}
