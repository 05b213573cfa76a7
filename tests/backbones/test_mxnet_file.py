"""Reading MXNet's parameter files, against a writer of all three versions of the format."""

import struct

import numpy as np
import pytest
from mxnet_writer import write_mxnet

from smallobjects.backbones.mxnet_file import read_mxnet
from smallobjects.pseudo_labels.errors import BadInputError


@pytest.fixture
def arrays():
    generator = np.random.default_rng(4)
    return {
        "arg:conv1a_weight": generator.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "arg:bn7_gamma": generator.normal(size=5).astype(np.float16),
        "aux:bn7_moving_mean": generator.normal(size=5),
        "arg:steps": np.array([[7, -2]], dtype=np.int32),
        "arg:bytes": np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
    }


@pytest.mark.parametrize("version", [0, 1, 2])
def test_every_version_is_read(arrays, tmp_path, version):
    found = read_mxnet(write_mxnet(tmp_path / "w.params", arrays, version))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize("version", [0, 2])
def test_a_file_cut_off_anywhere_is_refused(arrays, tmp_path, version):
    path = write_mxnet(tmp_path / "w.params", arrays, version)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(BadInputError, match=r"w\.params: no whole MXNet .* fetch it again"):
            read_mxnet(path)


def test_other_files_are_refused(arrays, tmp_path):
    path = tmp_path / "w.params"
    with pytest.raises(BadInputError, match="cannot be read"):
        read_mxnet(path)
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(BadInputError, match="does not begin as one"):
        read_mxnet(path)
    content = bytearray(write_mxnet(path, arrays, 2).read_bytes())
    content[28] = 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="sparse"):
        read_mxnet(path)
    path.write_bytes(struct.pack("<QQQI", 0x112, 0, 1, 2**31) + bytes(50))
    with pytest.raises(BadInputError, match="2147483648 dimensions"):
        read_mxnet(path)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_changed_numbers_are_refused_or_change_values_alone(arrays, tmp_path, version):
    """The format has no checksum: a changed value cannot be told, a changed structure can."""
    path = write_mxnet(tmp_path / "w.params", arrays, version)
    content = path.read_bytes()
    for place in range(0, 8 * len(content), 3):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = read_mxnet(path)
        except BadInputError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            assert len(found) in (len(arrays), len(arrays) - 1)
            assert sum(a.nbytes for a in found.values()) <= len(content)
    path.write_bytes(content + b"\0")
    with pytest.raises(BadInputError, match="goes on after its end"):
        read_mxnet(path)
