"""PNG files: each of their chunks ends with a checksum, which decoders take on trust."""

import zlib

from smallobjects.integrity.errors import ContentError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def check_png(content: bytes) -> None:
    """Refuse a PNG file of which a byte differs from what was written, or is missing.

    Pillow and libpng's fast paths decode image data whose CRC is wrong, to other pixels.

    Raises:
        ContentError: it is no whole PNG file.
    """
    if not content.startswith(SIGNATURE):
        raise ContentError("no PNG file")
    view, start, name = memoryview(content), len(SIGNATURE), b""
    while name != b"IEND":
        end = start + 8 + int.from_bytes(view[start : start + 4], "big")
        if len(view) < end + 4:
            raise ContentError("the file ends early")
        name = content[start + 4 : start + 8]
        if zlib.crc32(view[start + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise ContentError(f"damaged: the checksum of its chunk {name!r} does not fit")
        start = end + 4
