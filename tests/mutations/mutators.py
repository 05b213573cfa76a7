"""Ways in which a file can be damaged or written by somebody else's tool."""

import random
import re
from collections.abc import Callable

Mutator = Callable[[bytes, random.Random], bytes]

ODD_NUMBERS = ("-1", "0", "1e9", "1e400", "NaN", "-Infinity", "9" * 400, "0.5", "null", "true")
ODD_VALUES = (*ODD_NUMBERS, '""', '"x"', "[]", "{}", "[1]", '{"a": 1}', "[" * 400 + "]" * 400)
ODD_BYTES = (b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b"\xe9", b"\r\n", b"<", b">", b"&", b"'", b"%")


def flip_bit(content: bytes, rng: random.Random) -> bytes:
    """One bit, anywhere."""
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(content: bytes, rng: random.Random) -> bytes:
    """As after a broken transfer."""
    return content[: rng.randrange(len(content))]


def empty(content: bytes, rng: random.Random) -> bytes:
    """Nothing is left."""
    return b""


def zero_block(content: bytes, rng: random.Random) -> bytes:
    """As after a crash of the file system."""
    start = rng.randrange(len(content))
    length = rng.choice((1, 16, 512, 4096))
    return content[:start] + bytes(min(length, len(content) - start)) + content[start + length :]


def drop_block(content: bytes, rng: random.Random) -> bytes:
    """A piece is missing."""
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.choice((1, 7, 64, 1000)) :]


def repeat_block(content: bytes, rng: random.Random) -> bytes:
    """A piece is there twice."""
    start = rng.randrange(len(content))
    stop = start + rng.choice((1, 7, 64, 1000))
    return content[:stop] + content[start:stop] + content[stop:]


def insert_bytes(content: bytes, rng: random.Random) -> bytes:
    """Bytes that do not belong there."""
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.choice((rng.randbytes(8), *ODD_BYTES)) + content[place:]


def append_bytes(content: bytes, rng: random.Random) -> bytes:
    """Something follows the end."""
    return content + rng.choice((b"\n", bytes(64), rng.randbytes(32), content))


def web_page(content: bytes, rng: random.Random) -> bytes:
    """What a server sends in place of a file."""
    return b"<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n"


def random_bytes(content: bytes, rng: random.Random) -> bytes:
    """Another file altogether."""
    return rng.randbytes(len(content) or 10)


def odd_number(content: bytes, rng: random.Random) -> bytes:
    """A number that nobody expects there."""
    return _replace(content, rb"-?\d+(?:\.\d+)?", [text.encode() for text in ODD_NUMBERS], rng)


def odd_value(content: bytes, rng: random.Random) -> bytes:
    """A JSON value of another kind."""
    pattern = rb'"[^"\n]*"|-?\d+(?:\.\d+)?|\[\]|true|false|null'
    return _replace(content, pattern, [text.encode() for text in ODD_VALUES], rng)


def odd_word(content: bytes, rng: random.Random) -> bytes:
    """A word of the file is another."""
    words = [b"", b"x", b"../x", b"a b", "\u00e9".encode(), b"-0", b"person", b"~", b"{x}"]
    return _replace(content, rb"\w+", words, rng)


def drop_line(content: bytes, rng: random.Random) -> bytes:
    """A line is missing."""
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def repeat_line(content: bytes, rng: random.Random) -> bytes:
    """A line is there twice."""
    lines = content.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    return b"".join([*lines[: place + 1], *lines[place:]])


def other_encoding(content: bytes, rng: random.Random) -> bytes:
    """Written by another editor."""
    text = content.decode(errors="replace")
    if rng.random() < 0.5:
        return text.encode("utf-16")
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


def _replace(content: bytes, pattern: bytes, by: list[bytes], rng: random.Random) -> bytes:
    found = list(re.finditer(pattern, content))
    if not found:
        return content
    place = rng.choice(found)
    return content[: place.start()] + rng.choice(by) + content[place.end() :]


DAMAGE: tuple[Mutator, ...] = (
    flip_bit,
    flip_bit,
    flip_bit,
    truncate,
    empty,
    zero_block,
    drop_block,
    repeat_block,
    insert_bytes,
    append_bytes,
    web_page,
    random_bytes,
)
FOREIGN: tuple[Mutator, ...] = (
    odd_number,
    odd_number,
    odd_value,
    odd_value,
    odd_word,
    drop_line,
    repeat_line,
    other_encoding,
)
