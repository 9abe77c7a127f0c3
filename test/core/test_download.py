from __future__ import annotations

import hashlib
import http.client
import os
import random
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request

import pytest

from tr2m_core.errors import InputError
from tr2m_core.weights import http as download
from tr2m_core.weights.http import Downloaded, download_file

ROOT = Path(__file__).resolve().parents[2]
CONTENT = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)
HALF = 150_000


class Server(ThreadingHTTPServer):
    """Serves `content` under its ETag and honours Range and If-Range, but for the answers that `script` lists first.

    requests: (path, Range) of every request. release: lets stalled answers end.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.tagged = CONTENT, True
        self.script, self.requests, self.release = [], [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/head.pth"

    def handle_error(self, request, client_address):
        pass  # clients that leave early break pipes

    @property
    def ranges(self):
        return [asked for _, asked in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.close_connection = True
        self.server.requests.append((self.path, self.headers.get("Range")))
        (self.server.script.pop(0) if self.server.script else honest)(self)

    @property
    def tag(self):
        return f'"{hashlib.md5(self.server.content).hexdigest()}"'

    @property
    def asked(self):
        """The byte that an honest answer starts at."""
        same = self.headers.get("If-Range") in (None, self.tag)
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")) if same else 0

    def head(self, status, length=None, **headers):
        self.send_response(status)
        if self.server.tagged:
            self.send_header("ETag", self.tag)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def honest(handler, *, until=None, then=lambda handler: None):
    """The file, or the part asked for, up to byte `until`; `then` runs before the connection ends."""
    content, start = handler.server.content, handler.asked
    if start:
        span = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        handler.head(206, len(content) - start, **span)
    else:
        handler.head(200, len(content))
    handler.wfile.write(content[start:until])
    handler.wfile.flush()
    then(handler)


def truncated(until):
    return lambda handler: honest(handler, until=until)


def stalled(until):
    return lambda handler: honest(handler, until=until, then=lambda handler: handler.server.release.wait(30))


def status(code, **headers):
    return lambda handler: handler.head(code, 0, **headers)


def body(content, *, announced=None, **headers):
    """A whole answer, whatever was asked for; `announced` replaces its true length."""

    def answer(handler):
        handler.head(200, len(content) if announced is None else announced, **headers)
        handler.wfile.write(content)

    return answer


def part(span, content=CONTENT[HALF:]):
    """A 206 of that Content-Range, whatever was asked for."""

    def answer(handler):
        handler.head(206, len(content), **({"Content_Range": span} if span else {}))
        handler.wfile.write(content)

    return answer


def chunked(content, *, until=None):
    """An answer without a length; it breaks off after `until` bytes when that is given."""

    def answer(handler):
        handler.head(200, Transfer_Encoding="chunked")
        for start in range(0, len(content[:until]), 50_000):
            piece = content[:until][start : start + 50_000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if until is None:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Downloads are allowed, and nothing stands between the tests and their server."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.release.set()
        server.shutdown()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "weights" / "head.pth"


def fetch(server, target, **options):
    return download_file(server.url, target, **{"pause": 0.0, "timeout": 0.3, "attempts": 3} | options)


def assert_whole(target, content=CONTENT):
    """The file has this content and nothing of the download is left beside it."""
    assert target.read_bytes() == content
    assert os.listdir(target.parent) == [target.name]


def assert_kept(target, size):
    assert not target.exists()
    assert target.with_name("head.pth.partial").read_bytes() == CONTENT[:size]


def test_a_file_arrives_whole_with_its_hash(server, target):
    moved, seen = [], []
    result = fetch(
        server, target, on_progress=lambda *step: moved.append(step), check=lambda p: seen.append(p.read_bytes())
    )
    assert result == Downloaded(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert_whole(target)
    assert seen == [CONTENT]
    assert moved == sorted(moved)
    assert moved[-1] == (len(CONTENT), len(CONTENT))
    assert server.ranges == [None]


def test_an_older_file_stays_until_the_new_one_is_whole(server, target):
    target.parent.mkdir()
    target.write_bytes(b"older")
    server.script = [truncated(HALF), *[status(503)] * 3]
    with pytest.raises(ConnectionError):
        fetch(server, target)
    assert target.read_bytes() == b"older"
    fetch(server, target)
    assert_whole(target)


@pytest.mark.parametrize("broken", [truncated(HALF), stalled(HALF)], ids=["truncated", "stalled"])
def test_goes_on_where_the_connection_broke(server, target, broken):
    server.script = [broken]
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={HALF}-"]


def test_a_later_call_goes_on(server, target):
    server.script = [truncated(HALF), status(503)]
    with pytest.raises(ConnectionError, match=f"503.*{HALF:,} bytes are kept, run again"):
        fetch(server, target, attempts=1)
    assert_kept(target, HALF)
    fetch(server, target)
    assert_whole(target)
    assert server.ranges[-1] == f"bytes={HALF}-"


def test_attempts_that_get_further_do_not_count(server, target):
    server.script = [truncated(size) for size in range(10_000, 300_000, 10_000)]
    fetch(server, target, attempts=1)
    assert_whole(target)
    assert len(server.requests) == 30


def test_a_server_that_always_breaks_off_at_the_same_byte_ends_the_attempts(server, target):
    server.script = [body(CONTENT[:HALF], announced=len(CONTENT))] * 10  # ignores Range, too
    with pytest.raises(ConnectionError, match=f"{len(CONTENT):,} bytes were announced.*ended after {HALF:,}"):
        fetch(server, target)
    assert len(server.requests) == 4  # one that got further, three that did not
    assert_kept(target, HALF)


def test_a_server_without_range_starts_again(server, target):
    server.script = [truncated(HALF), body(CONTENT)]
    fetch(server, target)
    assert_whole(target)


def test_without_a_validator_nothing_is_resumed(server, target):
    server.tagged = False
    server.script = [body(CONTENT[:HALF], announced=len(CONTENT))]
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, None]


def test_the_time_of_the_last_change_serves_as_validator(server, target):
    server.tagged = False
    changed = {"Last_Modified": "Wed, 21 Oct 2015 07:28:00 GMT", "ETag": 'W/"weak"'}
    rest = part(f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}")
    server.script = [body(CONTENT[:HALF], announced=len(CONTENT), **changed), rest]
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize(
    "answer",
    [
        part(f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"),
        part(f"bytes {HALF}-{len(CONTENT)}/{len(CONTENT) + 1}"),
        part(f"bytes {HALF}-{len(CONTENT) - 1}/*"),
        part(None),
        status(416),
        status(204),
    ],
    ids=["other start", "other size", "no size", "no range", "416", "204"],
)
def test_an_answer_that_does_not_fit_the_beginning_starts_again(server, target, answer):
    server.script = [truncated(HALF), answer]
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={HALF}-", None]


def test_a_file_that_changed_in_between_starts_again(server, target):
    server.script = [truncated(HALF), status(503)]
    with pytest.raises(ConnectionError):
        fetch(server, target, attempts=1)
    server.content = OTHER
    fetch(server, target)
    assert_whole(target, OTHER)
    assert server.ranges[2:] == [f"bytes={HALF}-"]  # the server told by If-Range, in one request


def test_a_part_of_another_version_is_not_appended(server, target):
    def of_another_version(handler):  # as a server does that heeds Range but not If-Range
        handler.server.content = OTHER
        part(f"bytes {HALF}-{len(OTHER) - 1}/{len(OTHER)}", OTHER[HALF:])(handler)

    server.script = [truncated(HALF), of_another_version]
    fetch(server, target)
    assert_whole(target, OTHER)


def test_another_url_does_not_go_on_with_the_same_partial_file(server, target):
    server.script = [truncated(HALF), status(503)]
    with pytest.raises(ConnectionError):
        fetch(server, target, attempts=1)
    download_file(f"{server.url}?mirror", target)
    assert_whole(target)
    assert server.requests[-1] == ("/head.pth?mirror", None)


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": "x"}', "\0"])
def test_a_partial_file_with_a_damaged_note_starts_again(server, target, note):
    server.script = [truncated(HALF), status(503)]
    with pytest.raises(ConnectionError):
        fetch(server, target, attempts=1)
    target.with_name("head.pth.partial.json").write_text(note)
    server.script = [truncated(10_000)]
    fetch(server, target, attempts=1)  # 10,000 bytes are further than nothing
    assert_whole(target)
    assert server.ranges[2:] == [None, "bytes=10000-"]


def test_a_whole_file_that_was_not_renamed_yet_is_not_fetched_again(server, target):
    def stop(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, target, check=stop)
    assert_kept(target, len(CONTENT))
    fetch(server, target)
    assert_whole(target)
    assert len(server.requests) == 1


def test_no_length_is_accepted_and_a_broken_one_goes_on(server, target):
    server.script = [chunked(CONTENT, until=HALF)]
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={HALF}-"]
    server.script = [chunked(OTHER)]
    moved = []
    fetch(server, target, on_progress=lambda *step: moved.append(step))
    assert_whole(target, OTHER)
    assert moved[-1] == (len(OTHER), 0)


def test_bytes_beyond_the_announced_length_are_not_taken(server, target):
    server.script = [body(CONTENT, announced=HALF)]
    assert fetch(server, target).size == HALF
    assert_whole(target, CONTENT[:HALF])
    rest = part(f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}", CONTENT[HALF:] + b"more")
    server.script = [truncated(HALF), rest]
    fetch(server, target)
    assert_whole(target)


def test_states_that_may_pass_are_tried_again(server, target):
    server.script = [status(503), status(429)]
    fetch(server, target)
    assert_whole(target)


def test_a_missing_file_is_told_at_once_with_its_url(server, target):
    server.script = [status(404)]
    with pytest.raises(ConnectionError) as failure:
        fetch(server, target)
    assert str(failure.value) == f"{server.url}: HTTP 404 Not Found"
    assert os.listdir(target.parent) == []
    fetch(server, target)
    assert_whole(target)


def test_no_server_is_told_with_the_url(target):
    with Server() as gone:
        url = gone.url
    with pytest.raises(ConnectionError, match=f"{url}: .*refused"):
        download_file(url, target, attempts=2, pause=0.0)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer, not the file"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "a web page, not the file"),
        (b"<HTML><body>portal</body></HTML>", "a web page, not the file"),
        (b"", "an empty file"),
    ],
)
def test_stand_ins_are_named_and_deleted(server, target, content, words):
    server.script = [body(content)]
    with pytest.raises(InputError, match=f"{server.url}: .*{words}"):
        fetch(server, target)
    assert os.listdir(target.parent) == []


def test_content_that_fails_the_check_is_deleted(server, target):
    def check(path):
        raise InputError(f"{path}: no rescale head")

    with pytest.raises(InputError, match=rf"^{server.url}: .*head\.pth\.partial: no rescale head$"):
        fetch(server, target, check=check)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [(honest, "300,000 bytes; at most 200,000"), (chunked(CONTENT), "does not end after 200,000 bytes")],
    ids=["announced", "not announced"],
)
def test_more_than_the_limit_is_rejected(server, target, answer, words):
    server.script = [answer]
    with pytest.raises(InputError, match=f"{server.url}: {words}"):
        fetch(server, target, max_bytes=200_000)
    assert os.listdir(target.parent) == []


def test_a_full_disk_is_told_before_anything_is_written(server, target):
    server.script = [body(b"", announced=1 << 60)]
    with pytest.raises(OSError, match=f"{1 << 60:,} bytes are needed, [0-9,]+ are free"):
        fetch(server, target, max_bytes=1 << 61)
    assert os.listdir(target.parent) == []


def test_a_compressed_answer_is_rejected(server, target):
    server.script = [body(b"\x1f\x8b", Content_Encoding="gzip")]
    with pytest.raises(ConnectionError, match="compressed"):
        fetch(server, target)


def test_redirects_are_followed_and_keep_the_range(server, target):
    server.script = [status(302, Location="/moved"), truncated(HALF), status(302, Location="/moved")]
    fetch(server, target)
    assert_whole(target)
    assert server.requests[-1] == ("/moved", f"bytes={HALF}-")


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/head.pth"])
def test_redirects_lead_to_no_other_protocol(server, target, place):
    server.script = [status(302, Location=place)]
    with pytest.raises((ConnectionError, InputError), match=server.url):
        fetch(server, target)
    assert os.listdir(target.parent) == []


def test_redirects_never_leave_encryption():
    redirects, headers = download._Redirects(), http.client.HTTPMessage()
    secure = Request("https://example.org/head.pth")
    with pytest.raises(InputError, match=r"https://example\.org/head\.pth: .*http://example\.org/.*not followed"):
        redirects.redirect_request(secure, None, 302, "Found", headers, "http://example.org/head.pth")
    followed = redirects.redirect_request(secure, None, 302, "Found", headers, "https://mirror.example.org/head.pth")
    assert followed.full_url == "https://mirror.example.org/head.pth"


@pytest.mark.parametrize(
    "url",
    [
        "head.pth",
        "file:///etc/passwd",
        "ftp://h/f",
        "http://",
        "http://h /f",
        "http://h/ä",
        "http://[x/f",
        "http://h:x/",
    ],
)
def test_urls_that_cannot_be_used(target, url):
    with pytest.raises(InputError) as failure:
        download_file(url, target)
    assert str(failure.value).startswith(f"{url}: not a ")
    assert not target.exists()


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_means_offline(server, target, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(InputError, match=f"{server.url}: .*{name}=1"):
        fetch(server, target)
    assert server.requests == []
    monkeypatch.setenv(name, "0")
    fetch(server, target)
    assert_whole(target)


def test_the_proxy_of_the_environment_is_used(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    download_file("http://weights.invalid/head.pth", target)
    assert_whole(target)
    assert server.requests == [("http://weights.invalid/head.pth", None)]


def test_a_second_download_of_the_same_file_is_rejected_while_the_first_runs(server, target):
    server.script = [stalled(HALF)]
    arrived = threading.Event()
    first = threading.Thread(
        target=fetch, args=(server, target), kwargs={"timeout": 30, "on_progress": lambda *_: arrived.set()}
    )
    first.start()
    assert arrived.wait(30)
    with pytest.raises(OSError, match="another process is downloading it"):
        fetch(server, target)
    server.release.set()
    first.join(30)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={HALF}-"]


def test_processes_that_start_together_leave_one_whole_file(server, target):
    code = "import sys; from pathlib import Path; from tr2m_core.weights.http import download_file as get; "
    code += "get(sys.argv[1], Path(sys.argv[2]))"
    command = [sys.executable, "-c", code, server.url, str(target)]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    results = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert 0 in [code for _, code in results]
    assert all("another process is downloading it" in error for error, code in results if code)
    assert_whole(target)


def test_a_killed_process_leaves_what_the_next_one_goes_on_with(server, target):
    server.script = [stalled(HALF)]
    code = "import sys; from pathlib import Path; from tr2m_core.weights.http import download_file as get; "
    code += "get(sys.argv[1], Path(sys.argv[2]), on_progress=lambda *step: print(*step, flush=True))"
    command = [sys.executable, "-c", code, server.url, str(target)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line.split()[0]) == HALF:
                process.kill()
    kept = target.with_name("head.pth.partial").stat().st_size
    assert 0 < kept <= HALF
    fetch(server, target)
    assert_whole(target)
    assert server.ranges == [None, f"bytes={kept}-"]
