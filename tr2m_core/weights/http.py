"""One file over HTTP: goes on after any interruption, and takes its name only when whole and checked."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from tr2m_core import __version__
from tr2m_core.errors import InputError
from tr2m_core.weights.hub import require_network, sha256

MAX_BYTES = 4 << 30
_CHUNK = 1 << 16
_LONGEST_PAUSE = 30.0  # seconds
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)  # HTTP states worth another attempt
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Downloaded:
    """size in bytes, sha256 in hexadecimal."""

    size: int
    sha256: str


def download_file(
    url: str,
    target: Path,
    *,
    check: Callable[[Path], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    timeout: float = 30.0,
    attempts: int = 5,
    pause: float = 1.0,
    max_bytes: int = MAX_BYTES,
) -> Downloaded:
    """Fetches `url` into `target`, going on with the TARGET.partial of an earlier call if the remote file is the same.

    check: raises InputError when the content is not what is wanted. on_progress: called with bytes done and bytes in
    all, 0 when the server does not say. timeout: seconds without a byte until a connection counts as dead. attempts:
    how many in a row may fail without getting further. pause: seconds before the second attempt, doubled each time.
    Raises InputError, naming the URL, for a URL that cannot be used and rejected content, which is then deleted;
    OSError when the network, the server or the disk fails, which leaves what has come for the next call.
    """
    check_url(url)
    require_network(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    with _locked(partial) as file:
        transfer = _Transfer(url, file, partial, on_progress, timeout, max_bytes)
        transfer.run(attempts, pause)
        file.flush()
        os.fsync(file.fileno())
        try:
            _reject_stand_ins(partial)
            if check is not None:
                check(partial)
        except InputError as error:
            transfer.discard()
            raise InputError(f"{url}: {error}") from None
        result = Downloaded(partial.stat().st_size, sha256(partial))
        transfer.note.unlink(missing_ok=True)
        os.replace(partial, target)
    return result


def check_url(url: str) -> None:
    """Raises InputError unless the URL is one of http or https."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and url.isascii() and url.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in url:
        raise InputError(f"{url}: not a URL to download from; give one that starts with https:// or http://")


def require_space(folder: Path, size: int) -> None:
    """Raises OSError when the disk that holds `folder`, or will hold it, has less than `size` bytes free."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if size > free:
        raise OSError(f"{folder}: {size:,} bytes are needed, {free:,} are free; make room and run again")


def _reject_stand_ins(path: Path) -> None:
    """Raises InputError for what servers send in place of a file."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if not start:
        raise InputError("the server sent an empty file")
    if start.startswith(b"version https://git-lfs"):
        raise InputError("the server sent a Git LFS pointer, not the file; use the address of the file itself")
    if start.startswith((b"<!doctype html", b"<html")):
        raise InputError("the server sent a web page, not the file; is it the address of the file itself?")


@contextlib.contextmanager
def _locked(partial: Path) -> Iterator[IO[bytes]]:
    """The partial file, opened for appending and ours alone; an empty one is not left behind.

    Raises BlockingIOError when another process has it.
    """
    with partial.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its owner may have finished between our opening and our locking: then we hold the finished file.
            ours = os.path.samestat(os.fstat(file.fileno()), partial.stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            raise BlockingIOError(f"{partial}: another process is downloading it; run again when it has finished")
        try:
            yield file
        finally:
            if file.seek(0, os.SEEK_END) == 0:
                partial.unlink(missing_ok=True)


class _Interrupted(Exception):
    """A transfer broke off for a reason that may pass."""


@dataclass(frozen=True)
class _Remote:
    """The remote file, and its version, that the partial file is the beginning of.

    validator: what If-Range takes, None when the server gives nothing; total: bytes, None when it does not say.
    """

    url: str
    validator: str | None = None
    total: int | None = None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within http and https, but never from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).scheme not in (("https",) if req.type == "https" else ("https", "http")):
            raise InputError(f"{req.full_url}: redirects to {newurl}; not followed, for safety")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Transfer:
    """Brings one remote file into a partial file; a note beside it says which version of the file it belongs to."""

    def __init__(
        self,
        url: str,
        file: IO[bytes],
        partial: Path,
        on_progress: Callable[[int, int], None] | None,
        timeout: float,
        max_bytes: int,
    ) -> None:
        self.file, self.partial = file, partial
        self.note = partial.with_name(f"{partial.name}.json")
        self.on_progress, self.timeout, self.max_bytes = on_progress, timeout, max_bytes
        self.opener = urllib.request.build_opener(_Redirects)  # honours http_proxy and https_proxy
        self.remote = self._read_note(url)
        self.done = file.seek(0, os.SEEK_END)
        if self.remote.validator is None:
            self._clear()

    def run(self, attempts: int, pause: float) -> None:
        """Returns when the whole file is there. Raises ConnectionError when too many attempts got no further."""
        furthest, failures = self.done, 0
        while True:
            try:
                return self._attempt()
            except _Interrupted as reason:
                failures = 0 if self.done > furthest else failures + 1
                furthest = max(furthest, self.done)
                if failures >= attempts:
                    kept = f"; {self.done:,} bytes are kept, run again to go on" if self.remote.validator else ""
                    raise ConnectionError(f"{self.remote.url}: {reason}{kept if self.done else ''}") from None
            time.sleep(min(pause * 2**failures, _LONGEST_PAUSE))

    def discard(self) -> None:
        """Drops what has come; `_locked` then deletes the empty file."""
        self._clear()
        self.note.unlink(missing_ok=True)

    def _read_note(self, url: str) -> _Remote:
        try:
            remote = _Remote(**json.loads(self.note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return _Remote(url)
        return remote if remote.url == url else _Remote(url)

    def _clear(self) -> None:
        self.file.truncate(0)
        self.done = 0

    def _attempt(self) -> None:
        if self.done and self.done == self.remote.total:
            return  # an earlier call was stopped between the last byte and the renaming
        with self._open() as response:
            if response.status == 200:
                self._begin(response)
            elif not self._goes_on(response):
                self._clear()
                raise _Interrupted(f"the server answered HTTP {response.status} with a part that was not asked for")
            self._receive(response)

    def _open(self) -> HTTPResponse:
        headers = {"User-Agent": f"tr2m/{__version__}", "Accept-Encoding": "identity"}
        if self.done and self.remote.validator:
            headers |= {"Range": f"bytes={self.done}-", "If-Range": self.remote.validator}
        try:
            response: HTTPResponse = self.opener.open(
                urllib.request.Request(self.remote.url, headers=headers), timeout=self.timeout
            )
            return response
        except HTTPError as error:
            error.close()
            problem = f"HTTP {error.code} {error.reason}"
            if error.code == 416 and self.done:
                self._clear()
            elif error.code not in _MAY_PASS:
                raise ConnectionError(f"{self.remote.url}: {problem}") from None
            raise _Interrupted(problem) from None
        except (InvalidURL, UnicodeError) as error:
            raise InputError(f"{self.remote.url}: not a usable URL ({error})") from None
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise ConnectionError(f"{self.remote.url}: {reason}") from None
            raise _Interrupted(str(reason) or type(reason).__name__) from None

    def _begin(self, response: HTTPResponse) -> None:
        """Starts the partial file with this answer, the whole file."""
        url, total = self.remote.url, response.length
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise ConnectionError(f"{url}: the server sends it compressed, which was not asked for")
        if total is not None:
            if total > self.max_bytes:
                raise InputError(f"{url}: {total:,} bytes; at most {self.max_bytes:,} are accepted")
            require_space(self.partial.parent, total)
        self._clear()  # before the note changes, so that note and content never contradict each other
        self.remote = _Remote(url, _validator(response), total)
        self.note.write_text(json.dumps(dataclasses.asdict(self.remote)), encoding="utf-8")

    def _goes_on(self, response: HTTPResponse) -> bool:
        """Whether this answer is the rest of the file whose beginning is here."""
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not self.done or response.status != 206 or found is None:
            return False
        start, total = int(found[1]), int(found[2])
        same_file = _validator(response) in (None, self.remote.validator) and self.remote.total in (None, total)
        if start != self.done or not same_file:
            return False
        require_space(self.partial.parent, total - start)
        self.remote = dataclasses.replace(self.remote, total=total)
        return True

    def _receive(self, response: HTTPResponse) -> None:
        total = self.remote.total
        while total is None or self.done < total:
            try:
                data = response.read1(_CHUNK if total is None else min(_CHUNK, total - self.done))
            except (OSError, HTTPException) as error:
                raise _Interrupted(str(error) or type(error).__name__) from None
            if not data:
                break
            if self.done + len(data) > self.max_bytes:
                self.discard()
                raise InputError(f"{self.remote.url}: does not end after {self.max_bytes:,} bytes, the most accepted")
            self.file.write(data)
            self.done += len(data)
            if self.on_progress is not None:
                self.on_progress(self.done, total or 0)
        if total is not None and self.done < total:
            raise _Interrupted(f"{total:,} bytes were announced, and the connection ended after {self.done:,}")


def _validator(response: HTTPResponse) -> str | None:
    """The ETag, when it stands for the same bytes (a weak one does not), else the time of the last change."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
