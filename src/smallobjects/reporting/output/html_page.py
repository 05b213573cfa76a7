"""Pages of HTML that need no other file: sortable tables and foldable text."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources


@dataclass(frozen=True)
class Number:
    """A cell that is sorted by its value."""

    text: str
    value: float | None
    """None: there is none; such a cell is last in any order."""


@dataclass(frozen=True)
class SortableTable:
    """A table whose rows are sorted by the column whose heading is pressed."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Number]]
    notes: Sequence[str] = ()
    """Said below it."""


def table_page(title: str, tables: Sequence[SortableTable], note: str = "") -> str:
    """Return a page of tables.

    Args:
        title: of the page.
        tables: at least one.
        note: said first, such as the scale of the results.
    """
    return _page(title, note, "\n".join(_table(table) for table in tables))


def text_page(title: str, parts: Sequence[tuple[str, str]], note: str = "") -> str:
    """Return a page of texts that are folded away, each under its heading."""
    folded = [
        f"<details><summary>{escape(heading)}</summary><pre>{escape(text)}</pre></details>"
        for heading, text in parts
    ]
    return _page(title, note, "\n".join(folded))


def _page(title: str, note: str, body: str) -> str:
    style, script = (
        resources.files("smallobjects.reporting").joinpath("static", name).read_text("utf-8")
        for name in ("page.css", "page.js")
    )
    lines = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>\n{style}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">{escape(note)}</p>' if note else "",
        body,
        f"<script>\n{script}</script></body></html>",
        "",
    ]
    return "\n".join(lines)


def _table(table: SortableTable) -> str:
    first = table.rows[0] if table.rows else [""] * len(table.columns)
    heads = [
        f"<th{_class(cell)}><button>{escape(name)}</button></th>"
        for name, cell in zip(table.columns, first, strict=True)
    ]
    lines = [f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows]
    return "\n".join(
        [
            f"<h2>{escape(table.title)}</h2>" if table.title else "",
            f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>",
            *lines,
            "</tbody></table>",
            *(f'<p class="note">{escape(note)}</p>' for note in table.notes),
        ]
    )


def _class(cell: str | Number) -> str:
    return ' class="number"' if isinstance(cell, Number) else ""


def _cell(cell: str | Number) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    value = "" if cell.value is None else repr(float(cell.value))
    return f'<td class="number" data-value="{value}">{escape(cell.text)}</td>'
