"""Names of the members of zip archives, as the people who made the archives saw them."""

import struct
import zipfile
import zlib

from smallobjects.integrity.errors import ContentError

_LOCAL_HEADER = struct.Struct("<4s2xH18xH")
"""Signature, flags and length of the name, which follows two bytes later."""
_UTF8 = 0x800
"""The flag of a name in UTF-8; without it the format means code page 437."""
_UNICODE_PATH = 0x7075
"""The extra field in which some programs keep the name in UTF-8 beside one in a code page."""


def settle_names(archive: zipfile.ZipFile) -> None:
    """Call the members of an archive by their true names.

    The directory of an archive has no checksum, but the name of each member stands a second time
    before its content: a damaged byte could otherwise be a member that is missing.

    Info-ZIP on Linux and the archiver of macOS write UTF-8 without its flag, and some programs set
    the flag at one of the two places alone. So what can be UTF-8 is UTF-8, whatever the flags say.

    Raises:
        ContentError: the two names of a member differ.
        ValueError, OSError, struct.error: a header is damaged.
    """
    for member in archive.infolist():
        in_directory = member.orig_filename.encode(_codec(member.flag_bits))
        archive.fp.seek(member.header_offset)
        header = archive.fp.read(_LOCAL_HEADER.size)
        signature, flags, length = _LOCAL_HEADER.unpack(header)
        archive.fp.seek(2, 1)
        written = archive.fp.read(length)
        if signature != zipfile.stringFileHeader or written != in_directory:
            raise ContentError(
                f"damaged: its directory calls {member.orig_filename!r} what is called "
                f"{written.decode(errors='backslashreplace')!r}"
            )
        # Python compares this with the name before the content, read by the flag that is there.
        member.orig_filename = written.decode(_codec(flags))
        member.filename = _true_name(written, member.extra)
    archive.NameToInfo = {member.filename: member for member in archive.infolist()}


def _codec(flags: int) -> str:
    return "utf-8" if flags & _UTF8 else "cp437"


def _true_name(written: bytes, extra: bytes) -> str:
    for name in (_unicode_path(extra, written), written):
        try:
            if name is not None:
                return name.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return written.decode("cp437")


def _unicode_path(extra: bytes, written: bytes) -> bytes | None:
    """Return the name in the extra field for it, if that was made for the name as it is written."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5:
            version, checksum = struct.unpack_from("<BL", field)
            if version == 1 and checksum == zlib.crc32(written):
                return field[5:]
    return None
