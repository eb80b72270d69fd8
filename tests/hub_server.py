"""A server that keeps repositories as the Hugging Face Hub does, as far as its client asks.

Files come inside a commit (the Hub's way for small ones); a commit is named by the digest of its files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Commit = dict[str, bytes]


class Hub:
    """What the server knows: of each repository, its commits by id, the newest last."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Commit]] = {}
        self.url = ""

    def commit(self, repository: str, changes: Commit) -> str:
        """Add a commit with these files changed; return its id."""
        commits = self.repositories[repository]
        files = {**(list(commits.values())[-1] if commits else {}), **changes}
        name = hashlib.sha1(b"".join(key.encode() + files[key] for key in sorted(files))).hexdigest()
        commits[name] = files
        return name

    def find(self, repository: str, revision: str) -> tuple[str, Commit]:
        """Return a commit by its id, or the newest; KeyError if there is none."""
        commits = self.repositories[repository]
        name = list(commits)[-1] if revision == "main" else revision
        return name, commits[name]


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve a hub without repositories on a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self) -> None:
        """Answer what changes a repository."""
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        parts = self.path.strip("/").split("/")
        if self.headers.get("Authorization") != "Bearer hf_writer":
            return self._json({"error": "Invalid username or password."}, 401)
        if self.path == "/api/repos/create":
            asked = json.loads(content)
            name = f"{asked.get('organization') or 'owner'}/{asked['name']}"
            self.hub.repositories.setdefault(name, {})
            return self._json({"url": f"{self.hub.url}/{name}", "name": name})
        if self.path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        name = "/".join(parts[2:4])
        if parts[5] != "main":
            return self._json({"error": "Revision Not Found"}, 404, {"X-Error-Code": "RevisionNotFound"})
        if parts[4] == "preupload":
            files = json.loads(content)["files"]
            return self._json(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
                    ]
                }
            )
        if parts[4] == "commit":
            lines = [json.loads(line) for line in content.splitlines()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            found = self.hub.commit(name, files)
            return self._json({"commitUrl": f"{self.hub.url}/{name}/commit/{found}", "commitOid": found})
        return self._json({"error": f"no such route: {self.path}"}, 404)

    def do_GET(self) -> None:
        """Answer what reads a repository: its files' names, or a file."""
        path = self.path.partition("?")[0].strip("/")
        about = re.fullmatch(r"api/models/([^/]+/[^/]+)(?:/(?:revision|tree)/([^/]+))?", path)
        file = re.fullmatch(r"([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if path.startswith("api/whoami"):
            return self._json({"name": "owner", "type": "user", "orgs": []})
        match = about or file
        try:
            assert match is not None
            name, files = self.hub.find(match[1], match[2] or "main")
        except (KeyError, IndexError, AssertionError):
            return self._json({"error": "Revision Not Found"}, 404, {"X-Error-Code": "RevisionNotFound"})
        if about is not None and "/tree/" in path:
            return self._json([_entry(*each) for each in files.items()])
        if about is not None:
            siblings = [{"rfilename": each} for each in files]
            return self._json({"id": match[1], "modelId": match[1], "sha": name, "siblings": siblings})
        content = files.get(match[3])
        if content is None:
            return self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        digest = hashlib.sha1(content).hexdigest()
        return self._send(content, 200, {"X-Repo-Commit": name, "ETag": f'"{digest}"'})

    do_HEAD = do_GET

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(
            json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})}
        )

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _entry(path: str, content: bytes) -> dict[str, Any]:
    """Return what the list of a commit's files says of one."""
    return {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
