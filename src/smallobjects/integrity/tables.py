"""Parquet files with a checksum of the whole file, which the format itself does not have.

It stands in the file's metadata, in place of `_EMPTY`, with which it was computed. Other programs
read such a file as any other, and a file of another program is read without.
"""

import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from smallobjects.integrity.errors import ContentError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_KEY, _EMPTY = b"crc32 of this file", b"--------"
# As Parquet's metadata has them: each text after its kind and its length.
_BEFORE = _KEY + b"\x18" + bytes([len(_EMPTY)])


def write_parquet(table: "pa.Table", path: Path) -> None:
    """Write a table; equal tables make equal bytes."""
    from pyarrow import parquet

    metadata = {**(table.schema.metadata or {}), _KEY: _EMPTY}
    file = BytesIO()
    parquet.write_table(table.replace_schema_metadata(metadata), file)
    content = file.getvalue()
    place = _place(content)
    Path(path).write_bytes(_with(content, place, _sum(content)))


def whole_parquet(path: Path) -> BytesIO:
    """Return the content of a Parquet file, to be given to pandas or pyarrow.

    Raises:
        FileNotFoundError: there is no such file.
        ContentError: it differs from what was written.
    """
    content = Path(path).read_bytes()
    place = _place(content)
    if place is not None:
        stated = content[place : place + len(_EMPTY)]
        if _sum(_with(content, place, _EMPTY)) != stated:
            raise ContentError("damaged: the checksum of its content does not fit")
    return BytesIO(content)


def write_frame(frame: "pd.DataFrame", path: Path) -> None:
    """Write a data frame without its index; equal frames make equal bytes."""
    import pyarrow as pa

    write_parquet(pa.Table.from_pandas(frame, preserve_index=False), path)


def read_frame(path: Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Return a Parquet file as a data frame.

    Args:
        path: the file.
        columns: those that are read, in this order; None: all.

    Raises:
        FileNotFoundError: there is no such file.
        ContentError: it is no Parquet file, is damaged, or lacks a column.
    """
    import pandas as pd
    from pyarrow import ArrowException

    content = whole_parquet(path)
    try:
        return pd.read_parquet(content, columns=columns)
    except (ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        # Without a checksum, a damaged file can fail anywhere.
        reason = " ".join(str(error).split())
        raise ContentError(f"no whole Parquet file, or not its columns ({reason})") from error


def _place(content: bytes) -> int | None:
    """Return where the checksum stands; None if the file has none."""
    start = content.rfind(_BEFORE)
    return None if start < 0 else start + len(_BEFORE)


def _with(content: bytes, place: int, checksum: bytes) -> bytes:
    return content[:place] + checksum + content[place + len(_EMPTY) :]


def _sum(content: bytes) -> bytes:
    return b"%08x" % zlib.crc32(content)
