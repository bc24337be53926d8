"""A fake Docker engine: an HTTP server that gives the answers of a table."""

from __future__ import annotations

import contextlib
import json
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# "METHOD path" as a pattern, to a status and a body; a list is a stream of JSON lines.
Routes = dict[str, tuple[int, Any]]
DRIP = -1
CONTAINER: dict[str, Any] = {
    "Id": "c0ffee" * 8,
    "Name": "/osem-fault",
    "Created": "2026-01-01T00:00:00Z",
    "State": {"Status": "exited", "StartedAt": "2026-01-01T00:00:00Z"},
    "Config": {"Image": "amazon/dynamodb-local:3.3.1", "Labels": {}, "Tty": False},
    "HostConfig": {"PortBindings": {"8000/tcp": [{"HostPort": "8123"}]}},
    "NetworkSettings": {"Ports": {}},
}
SOUND: Routes = {
    "GET /version": (200, {"ApiVersion": "1.41", "MinAPIVersion": "1.24", "Version": "20.10"}),
    "GET .*/containers/json": (200, []),
    "GET .*/containers/c0ffee.*/logs": (200, ""),
    "GET .*/containers/c0ffee.*/json": (200, CONTAINER),
    "GET .*/images/.*/json": (200, {"Id": "sha256:1", "RepoTags": []}),
    "POST .*/containers/create": (201, {"Id": CONTAINER["Id"], "Warnings": []}),
    "POST .*/containers/.*/start": (204, ""),
    "DELETE .*": (204, ""),
    ".*": (404, {"message": "no such thing"}),
}


# What Podman adds to the answer to GET /version.
PODMAN: Routes = {
    "GET /version": (
        200,
        {**SOUND["GET /version"][1], "Components": [{"Name": "Podman Engine", "Version": "4.3.1"}]},
    )
}


class _SocketServer(socketserver.ThreadingUnixStreamServer):
    """A server at a Unix socket."""

    daemon_threads = True


@contextlib.contextmanager
def docker_daemon(
    routes: Mapping[str, tuple[int, Any]],
    requests: list[str] | None = None,
    at: Path | None = None,
) -> Iterator[str]:
    """A Docker engine that answers by ``routes``, then by ``SOUND``; its host and port.

    It listens at the Unix socket ``at`` instead, if there is one; then its path is returned.

    A status of 0 never answers. Bytes as a body are sent as they are, with the connection
    closed behind them; with status ``DRIP`` one a moment, for ever. Every request is added
    to ``requests``.
    """
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer any request of the SDK."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = f"{self.command} {self.path.partition('?')[0]}"
            if requests is not None:
                requests.append(request)
            known = {**routes, **{key: value for key, value in SOUND.items() if key not in routes}}
            status, body = next(
                answer for route, answer in known.items() if re.fullmatch(route, request)
            )
            if not status:
                released.wait()
                return
            if isinstance(body, bytes):
                self._send_raw(status, body)
                return
            streamed = isinstance(body, list) and self.command == "POST"
            text = "\n".join(map(json.dumps, body)) if streamed else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text) if body != "" else 0))
            self.end_headers()
            self.wfile.write(text.encode() if body != "" else b"")

        def _send_raw(self, status: int, body: bytes) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.write(body)
                while status == DRIP and not released.wait(0.02):
                    self.wfile.write(b" ")

        do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815  http.server's own names

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server: ThreadingHTTPServer | _SocketServer
    if at:
        at.parent.mkdir(parents=True, exist_ok=True)
        server, where = _SocketServer(str(at), Handler), str(at)
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        where = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield where
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
