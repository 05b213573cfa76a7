"""Files that an installed package ships."""

import hashlib

import pytest

from smallobjects.config import load
from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.fetch import fetch_file
from smallobjects.fetching.parameters import RemoteFile
from smallobjects.fetching.records import FetchRecord, read_record


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "shipped_weights"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('it need not be imported')")
    (folder / "models" / "net.pth").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    return "shipped_weights:models/net.pth"


def entry(package, content=b"weights"):
    digest = hashlib.sha256(content).hexdigest()
    return RemoteFile(package=package, sha256=digest, stated_by="this test", confirmed=True)


def test_it_is_copied_checked_and_recorded(package, tmp_path):
    target = tmp_path / "weights" / "net.pth"
    record = fetch_file("net.pth", entry(package), target)
    assert target.read_bytes() == b"weights"
    assert read_record(target, FetchRecord) == record
    assert record.url is None
    assert fetch_file("net.pth", entry(package), target) == record


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("no_such_package:net.pth", "no package 'no_such_package' is installed"),
        ("shipped_weights:other.pth", "has no file 'other.pth'"),
    ],
)
def test_what_is_not_there_is_named(package, place, message, tmp_path):
    with pytest.raises(FetchError, match=message):
        fetch_file("net.pth", entry(place), tmp_path / "net.pth")
    assert not (tmp_path / "net.pth").exists()


def test_another_content_is_refused(package, tmp_path):
    with pytest.raises(FetchError, match="not the file that is expected"):
        fetch_file("net.pth", entry(package, b"others"), tmp_path / "net.pth")
    assert not list(tmp_path.glob("*net.pth*part"))


def test_an_entry_has_addresses_or_a_package():
    with pytest.raises(ValueError, match="either `urls` or `package`"):
        RemoteFile(stated_by="nobody", confirmed=False)


def test_the_weights_that_the_environment_ships_are_those_that_are_stated(repository, tmp_path):
    weights = load(repository / "config/config.yaml").downloads.weights
    for name, remote in weights.items():
        if remote.package:
            assert fetch_file(name, remote, tmp_path / name).matches_published
