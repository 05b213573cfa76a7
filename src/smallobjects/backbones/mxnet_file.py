"""Reading of MXNet's `.params` files, the format in which wide ResNet-38 was published.

A list of arrays and their names, little-endian:

    uint64 0x112, uint64 0
    uint64 number of arrays, then each array:
        since version 2: uint32 0xF993FAC9, int32 storage type (0: dense)
        version 1: uint32 0xF993FAC8; either is followed by uint32 dimensions, int64 each of them
        older: uint32 dimensions, uint32 each of them
        int32 device type, int32 device number, int32 type, then the values
    uint64 number of names, then for each a uint64 length and its bytes
"""

import struct
from pathlib import Path

import numpy as np

from smallobjects.errors import BadInputError

LIST, VERSION_1, VERSION_2 = 0x112, 0xF993FAC8, 0xF993FAC9
TYPES = {0: "<f4", 1: "<f8", 2: "<f2", 3: "u1", 4: "<i4"}
DENSE = 0
MOST_DIMENSIONS = 8


class _Reader:
    """Takes values from the front of a file's content."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def bytes(self, length: int) -> bytes:
        part = self._content[self._place : self._place + length]
        if length < 0 or len(part) < length:
            raise ValueError("it ends too early")
        self._place += length
        return part

    def end(self) -> None:
        if self._place < len(self._content):
            raise ValueError("it goes on after its end")

    def numbers(self, kind: str, count: int = 1) -> tuple[int, ...]:
        layout = f"<{count}{kind}"
        return struct.unpack(layout, self.bytes(struct.calcsize(layout)))

    def array(self) -> np.ndarray:
        [first] = self.numbers("I")
        dimension = "I"
        if first == VERSION_2 and self.numbers("i") != (DENSE,):
            raise ValueError("it has sparse arrays")
        if first in (VERSION_1, VERSION_2):
            dimension = "q"
            [first] = self.numbers("I")
        if not 0 < first <= MOST_DIMENSIONS:
            raise ValueError(f"an array has {first} dimensions")
        shape = self.numbers(dimension, first)
        _, _, kind = self.numbers("i", 3)
        if kind not in TYPES:
            raise ValueError(f"an array has the unknown type {kind}")
        dtype = np.dtype(TYPES[kind])
        size = int(np.prod([int(side) for side in shape], dtype=object))
        return np.frombuffer(self.bytes(size * dtype.itemsize), dtype).reshape(shape)


def read_mxnet(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of a `.params` file by their names, such as `arg:conv1a_weight`.

    Raises:
        BadInputError: the file is missing, cut off, or of another format.
    """
    remedy = "fetch it again, or give a torch file (.pth) of the same weights"
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error}); {remedy}") from error
    reader = _Reader(content)
    try:
        if reader.numbers("Q", 2)[0] != LIST:
            raise ValueError("it does not begin as one")
        arrays = [reader.array() for _ in range(reader.numbers("Q")[0])]
        names = [reader.bytes(reader.numbers("Q")[0]).decode() for _ in range(*reader.numbers("Q"))]
        reader.end()
    except (ValueError, OverflowError, struct.error) as error:
        raise BadInputError(f"{path}: no whole MXNet .params file ({error}); {remedy}") from error
    if len(names) != len(arrays):
        raise BadInputError(f"{path}: {len(arrays)} arrays but {len(names)} names; {remedy}")
    return dict(zip(names, arrays, strict=True))
