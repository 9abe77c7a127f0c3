"""A local server for downloads, which speaks as much of the Hub's protocol as they need."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
HEAD = "da_s_vitl_vitl.pth"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Server(ThreadingHTTPServer):
    """repos: files by Hub id; files: others by path. A file in `stalls` is sent up to that byte, no further.

    requests: (method, path, Range) of all that were made. sizes: what the Hub says in place of a file's true size.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos, self.files, self.stalls, self.sizes = {}, {}, {}, {}
        self.requests, self.release = [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients that are killed leave broken pipes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server, path = self.server, urlsplit(self.path).path
        server.requests.append((self.command, path, self.headers.get("Range")))
        if path in server.files:
            return self.send(server.files[path], stall=server.stalls.get(path))
        for hub_id, files in server.repos.items():
            if path.startswith(f"/api/models/{hub_id}/tree/"):
                return self.send_json([{"type": "file", "oid": "0", **facts} for facts in self.facts(files)])
            if path in (f"/api/models/{hub_id}", f"/api/models/{hub_id}/revision/main"):
                siblings = [{"rfilename": facts["path"], "size": facts["size"]} for facts in self.facts(files)]
                return self.send_json({"id": hub_id, "sha": COMMIT, "siblings": siblings})
            name = path.removeprefix(f"/{hub_id}/resolve/{COMMIT}/")
            if name in files:
                return self.send(files[name], X_Repo_Commit=COMMIT)
        return self.send(b"", 404, X_Error_Code="RepoNotFound")

    do_HEAD = do_GET

    def facts(self, files):
        return [{"path": name, "size": self.server.sizes.get(name, len(data))} for name, data in files.items()]

    def send_json(self, content):
        self.send(json.dumps(content).encode(), Content_Type="application/json")

    def send(self, data, status=200, *, stall=None, **headers):
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        total, start = len(data), 0
        if self.headers.get("If-Range") == tag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            status, headers["Content_Range"] = 206, f"bytes {start}-{total - 1}/{total}"
        self.send_response(status)
        for name, value in {"ETag": tag, "Content-Length": total - start, **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start:stall])
        if stall is not None:
            self.server.release.wait(60)


class Place:
    """A server, and a home whose caches are this machine's for `tr2m`."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.hub, self.weights = folder / "huggingface" / "hub", folder / "tr2m"
        self.head, self.record = self.weights / HEAD, self.weights / "paper.json"

    def start(self, *arguments, verb="download", **environment):
        """Starts `tr2m download`, or another verb, as a process of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
        places = {"HF_HOME": str(self.hub.parent), "TR2M_HOME": str(self.weights), "HF_ENDPOINT": self.server.url}
        settings = {"HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return subprocess.Popen(
            [sys.executable, "-m", "tr2m_core", verb, *arguments],
            cwd=ROOT,
            env=kept | places | settings | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err
