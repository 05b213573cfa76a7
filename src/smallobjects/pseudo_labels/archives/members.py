"""Zip members without a time stamp, so that equal content makes equal bytes."""

import zipfile


def fixed_member(name: str, compression: int) -> zipfile.ZipInfo:
    """Return the header of a member called `name` with a fixed date and ordinary permissions."""
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = compression
    member.external_attr = 0o644 << 16
    member.create_system = 3
    return member
