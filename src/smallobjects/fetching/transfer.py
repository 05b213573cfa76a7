"""One request to one address: everything from the first missing byte on."""

import os
import re
from dataclasses import dataclass

import requests
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from smallobjects.fetching.errors import AddressError, InterruptedTransferError
from smallobjects.fetching.parameters import RemoteFile
from smallobjects.fetching.partial import Origin, PartialFile
from smallobjects.fetching.progress import byte_progress
from smallobjects.fetching.space import explain_full_disk, require_space

_CHUNK = 1 << 18
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_OK, _PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 200, 206, 416


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, in seconds, and how often it is asked again."""

    connect: float = 20.0
    read: float = 60.0
    """For the next bytes of a file that is under way."""
    attempts: int = 4
    """In a row that bring nothing new."""
    pause: float = 2.0
    """Before the second attempt; doubled before each further one."""
    passes: int = 3
    """Through the whole file, where what was put together from several responses is wrong."""


def transfer(
    session: requests.Session, url: str, partial: PartialFile, remote: RemoteFile, wait: Patience
) -> bool:
    """Fetch what is missing of a file, and append it to the partial file.

    A partial file from this address is continued if the server says that the file is still the same
    (`If-Range`); one from another address only if the checksum of the whole can tell.

    Returns:
        Whether bytes of an earlier response were kept.

    Raises:
        InterruptedTransferError: the address may give the rest later; what came is kept.
        AddressError: the address does not give the file.
        FetchError: the disk is full.
    """
    begun = partial.size
    try:
        with session.get(
            url,
            headers=_headers(url, partial, remote),
            stream=True,
            timeout=(wait.connect, wait.read),
        ) as response:
            _check_response(response, begun)
            if response.status_code == _RANGE_NOT_SATISFIABLE:
                return _at_the_end(response, partial, begun)
            if response.status_code == _PARTIAL_CONTENT:
                total = _continued_total(response, url, partial, begun)
            else:
                total = _length(response)
                _check_total(total, remote)
                origin = Origin(
                    url=url,
                    total=total,
                    etag=response.headers.get("ETag"),
                    last_modified=response.headers.get("Last-Modified"),
                )
                with explain_full_disk(partial.path, "it goes on where it stopped"):
                    partial.begin(origin)
            _append(response, partial, remote, total)
            return response.status_code == _PARTIAL_CONTENT
    except requests.TooManyRedirects as error:
        raise AddressError("it redirects without end") from error
    except ValueError as error:
        # InvalidURL and its kin, and what urllib says itself of where a server redirects to.
        reason = " ".join(str(error).split())
        raise AddressError(f"it leads to an address that is none ({reason})") from error
    except (requests.RequestException, HTTPError) as error:
        raise InterruptedTransferError(_in_words(error, wait)) from error


def _headers(url: str, partial: PartialFile, remote: RemoteFile) -> dict[str, str]:
    # Compressed on its way, a file could not be continued in the middle.
    headers = {"Accept-Encoding": "identity"}
    origin = partial.origin
    if partial.size == 0:
        return headers
    validator = origin.validator if origin and origin.url == url else None
    if validator is not None:
        headers["If-Range"] = validator
    if validator is not None or remote.has_checksum:
        headers["Range"] = f"bytes={partial.size}-"
    return headers


def _check_response(response: requests.Response, begun: int) -> None:
    status = response.status_code
    if status in _PASSING:
        raise InterruptedTransferError(f"the server answers {status} {response.reason}")
    wanted = (_OK, _PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE) if begun else (_OK,)
    if status not in wanted:
        raise AddressError(f"the server answers {status} {response.reason}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html") and status != 416:
        raise AddressError("a web page comes in the file's place")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise AddressError("the server compresses the file on its way, though asked not to")


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _check_total(total: int | None, remote: RemoteFile) -> None:
    if total is not None and remote.size is not None and total != remote.size:
        raise AddressError(f"the server offers {total:,} bytes, not {remote.size:,}")


def _at_the_end(response: requests.Response, partial: PartialFile, begun: int) -> bool:
    match = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != begun:
        partial.discard()
        raise InterruptedTransferError("the file has another length than it had; it is begun anew")
    return True


def _continued_total(
    response: requests.Response, url: str, partial: PartialFile, begun: int
) -> int | None:
    """Return the length of the whole file, after a look at whether it is still the same file."""
    origin = partial.origin
    content_range = response.headers.get("Content-Range", "").strip()
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
    etag = response.headers.get("ETag")
    total = None if match is None or match[2] == "*" else int(match[2])
    known = origin.total if origin else None
    same_length = total is None or known is None or total == known
    same_tag = not (origin and origin.url == url and etag and origin.etag) or etag == origin.etag
    if match is None or int(match[1]) != begun or not same_length or not same_tag:
        partial.discard()
        raise InterruptedTransferError("the server continues another file; it is begun anew")
    return total


def _append(
    response: requests.Response, partial: PartialFile, remote: RemoteFile, total: int | None
) -> None:
    done = partial.size
    name = partial.path.name.removeprefix(".").removesuffix(".part")
    if total is not None:
        require_space(partial.path.parent, total - done, f"{name} (the rest of it)")
    with (
        explain_full_disk(partial.path, "it goes on where it stopped"),
        byte_progress(name, done, total) as progress,
        partial.path.open("ab") as file,
    ):
        # What has come, however little: of a connection that breaks off, nothing is lost.
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            file.write(chunk)
            done += len(chunk)
            progress.update(done)
            if remote.size is not None and done > remote.size:
                partial.discard()
                raise AddressError(f"more than the expected {remote.size:,} bytes come")
        file.flush()
        os.fsync(file.fileno())
    expected = total if total is not None else remote.size
    if expected is not None and done != expected:
        raise InterruptedTransferError(f"{done:,} of {expected:,} bytes came")


def _in_words(error: Exception, wait: Patience) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {wait.connect:g} s"
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return f"nothing came for {wait.read:g} s"
    if isinstance(error, ProtocolError):
        return "the connection broke off in the middle"
    return f"no connection ({error})"
