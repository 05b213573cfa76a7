"""A writer of MXNet's parameter files, in all three versions of the format."""

import struct

import numpy as np

KINDS = {"float32": 0, "float64": 1, "float16": 2, "uint8": 3, "int32": 4}


def packed(array, version):
    head = b""
    if version == 2:
        head = struct.pack("<Ii", 0xF993FAC9, 0)
    elif version == 1:
        head = struct.pack("<I", 0xF993FAC8)
    side = "q" if version else "I"
    head += struct.pack(f"<I{array.ndim}{side}", array.ndim, *array.shape)
    head += struct.pack("<iii", 1, 0, KINDS[array.dtype.name])
    return head + array.tobytes()


def write_mxnet(path, arrays, version=0):
    content = struct.pack("<QQQ", 0x112, 0, len(arrays))
    content += b"".join(packed(np.ascontiguousarray(a), version) for a in arrays.values())
    content += struct.pack("<Q", len(arrays))
    for name in arrays:
        content += struct.pack("<Q", len(name)) + name.encode()
    path.write_bytes(content)
    return path
