"""The manual filter of PASCAL-B: which candidates people accepted and which they rejected.

A decisions file is a CSV file with the columns `image`, `decision` (accept or reject), `reviewer`
and `note` (the last two may be left empty), or a JSON file with a list of objects of these keys.
Several reviewers may decide on one image, each once, and must agree.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from smallobjects.datasets.errors import DatasetError

COLUMNS = ("image", "decision", "reviewer", "note")
DECISIONS = ("accept", "reject")
# Apostrophes too, so that text that has some already comes back with as many.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
SHOWN = 5
"""How many offending images a message names."""


def read_decisions(path: str | Path, candidates: Collection[str]) -> dict[str, bool]:
    """Return whether each image that the file names is accepted.

    Args:
        path: a .csv or .json file.
        candidates: the image ids that may occur.

    Raises:
        DatasetError: the file is missing or malformed, names an image that is no candidate, holds
            two decisions of one reviewer on one image, or reviewers who disagree.
    """
    path = Path(path)
    decisions: dict[str, dict[str, bool]] = defaultdict(dict)
    unknown = []
    known = set(candidates)
    for where, row in _rows(path):
        image, decision, reviewer = row["image"], row["decision"], row["reviewer"]
        if decision not in DECISIONS:
            raise DatasetError(f"{where}: decision {decision!r}; it must be accept or reject")
        if image not in known:
            unknown.append(image)
        if reviewer in decisions[image]:
            by = f"reviewer {reviewer!r}" if reviewer else "a reviewer without a name"
            raise DatasetError(
                f"{where}: a second decision of {by} on image {image!r}; keep one of them"
            )
        decisions[image][reviewer] = decision == "accept"
    if unknown:
        raise DatasetError(f"{path}: {_unknown(unknown, known)}")
    disagreed = [image for image, votes in decisions.items() if len(set(votes.values())) > 1]
    if disagreed:
        votes = ", ".join(
            f"{reviewer or 'no name'}: {DECISIONS[not accepted]}"
            for reviewer, accepted in decisions[disagreed[0]].items()
        )
        raise DatasetError(
            f"{path}: reviewers disagree on {_listed(disagreed)} ({votes}); settle it in the file"
        )
    return {image: all(votes.values()) for image, votes in decisions.items()}


def for_spreadsheets(value: object) -> object:
    """Return a value of a CSV file so that no spreadsheet takes it for a formula.

    Text that begins as formulas do gets an apostrophe before it, as spreadsheets themselves mark
    text; `from_spreadsheets` takes it away.
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def from_spreadsheets(text: str) -> str:
    """Return what `for_spreadsheets` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Return every row with the place where it stands, all its values as text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such decisions file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: unreadable ({error}); save it as UTF-8 text") from error
    if path.suffix == ".csv":
        return _csv_rows(path, text)
    if path.suffix == ".json":
        return _json_rows(path, text)
    raise DatasetError(f"{path}: a decisions file must end in .csv or .json")


def _csv_rows(path: Path, text: str) -> list[tuple[str, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), restval="", strict=True)
    try:
        _check_keys(f"{path}: the first line", reader.fieldnames or [])
        rows = []
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise DatasetError(f"{where}: more values than columns; quote notes with commas")
            values = {name: from_spreadsheets(row.get(name, "").strip()) for name in COLUMNS}
            rows.append((where, values))
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: malformed CSV ({error})") from error
    return rows


def _json_rows(path: Path, text: str) -> list[tuple[str, dict[str, str]]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}: malformed JSON ({error})") from error
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise DatasetError(f"{path}: must be a list of objects with {', '.join(COLUMNS)}")
    rows = []
    for index, row in enumerate(content, start=1):
        where = f"{path}, entry {index}"
        _check_keys(where, list(row))
        wrong = [name for name in row if not isinstance(row[name], str)]
        if wrong:
            raise DatasetError(f"{where}: {wrong[0]} is {row[wrong[0]]!r}; it must be text")
        rows.append((where, {name: row.get(name, "").strip() for name in COLUMNS}))
    return rows


def _check_keys(where: str, keys: list[str]) -> None:
    unknown = [key for key in keys if key not in COLUMNS]
    missing = [key for key in COLUMNS[:2] if key not in keys]
    if unknown or missing:
        what = f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r}"
        raise DatasetError(f"{where} {what}; a decisions file has {', '.join(COLUMNS)}")


def _unknown(images: list[str], known: set[str]) -> str:
    text = f"{_listed(images)} {'is no candidate' if len(images) == 1 else 'are no candidates'}"
    if any(image.isdecimal() and image.zfill(12) in known for image in images):
        return f"{text}: ids keep their leading zeros, which a spreadsheet may have taken"
    return f"{text}; ids are those in the column `image` of the candidates"


def _listed(images: list[str]) -> str:
    more = f" and {len(images) - SHOWN} more" if len(images) > SHOWN else ""
    return f"image{'s' * (len(images) > 1)} {', '.join(map(repr, images[:SHOWN]))}{more}"
