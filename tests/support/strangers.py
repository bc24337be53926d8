"""Servers that are not DynamoDB, each with what it does to a request."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>many words</p></body></html>"


@dataclass(frozen=True, kw_only=True)
class Server:
    """What a server sends, before or after it was asked, and ``forever`` after that.

    ``says`` are words of the sentence about it; without them nothing is certain about it.
    """

    answer: bytes = b""
    banner: bool = False
    forever: bytes = b""
    stays: bool = False
    says: str = ""


def http(status: str, server: str = "", body: str = "", **headers: str) -> bytes:
    """An HTTP answer."""
    fields = {"Server": server, "Content-Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", body]).encode()


PLAIN_TO_TLS = "Client sent an HTTP request to an HTTPS server.\n"
SERVERS = {
    "python": Server(
        answer=http("501 Unsupported method", "SimpleHTTP/0.6", PAGE.format("Error response")),
        says="it answers HTTP 501, SimpleHTTP/0.6",
    ),
    "nginx": Server(
        answer=http("404 Not Found", "nginx/1.25.3", PAGE.format("404 Not Found")),
        says="it answers HTTP 404, nginx/1.25.3",
    ),
    "redirect": Server(
        answer=http("302 Found", "gunicorn", Location="http://127.0.0.1:1/login"),
        says="it answers HTTP 302, gunicorn",
    ),
    "login": Server(
        answer=http("401 Unauthorized", "Kestrel", '{"message":"Unauthorized"}'),
        says="it answers HTTP 401, Kestrel",
    ),
    "page": Server(answer=http("200 OK", "Apache", PAGE.format("Hi")), says="HTTP 200, Apache"),
    "json": Server(answer=http("200 OK", "", '{"ok": true}'), says="it answers HTTP 200"),
    "json list": Server(answer=http("200 OK", "", "[1, 2]"), says="it answers HTTP 200"),
    "json error": Server(answer=http("400 Bad Request", "", '{"error": {}}'), says="HTTP 400"),
    "empty": Server(answer=http("200 OK"), says="it answers HTTP 200"),
    "no http reason": Server(answer=b"HTTP/1.0 405\r\n\r\n", says="it answers HTTP 405"),
    "ssh": Server(answer=b"SSH-2.0-OpenSSH_9.2p1\r\n", banner=True, says="'SSH-2.0-OpenSSH_9.2p1'"),
    "smtp": Server(answer=b"220 mail ESMTP\r\n", banner=True, says="it answers '220 mail ESMTP'"),
    "redis": Server(answer=b"-ERR unknown command 'POST'\r\n", says="-ERR unknown command"),
    "tls": Server(answer=b"\x15\x03\x01\x00\x02\x02\x46", says="it speaks TLS"),
    "tls in words": Server(answer=http("400 Bad Request", "", PLAIN_TO_TLS), says="it speaks TLS"),
    "http2": Server(answer=b"\x00\x00\x12\x04" + bytes(23), says="it speaks HTTP/2 only"),
    "garbage": Server(answer=bytes(range(128, 256)), says="it does not speak HTTP"),
    "endless body": Server(
        answer=b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 99999999999\r\n\r\n",
        forever=b" " * 65536,
        says="it answers HTTP 200, x",
    ),
    "endless head": Server(
        answer=b"HTTP/1.1 200 OK\r\n", forever=b"X-A: b\r\n" * 999, says="it answers HTTP 200"
    ),
    "silent": Server(stays=True, says="it accepts connections and answers nothing"),
    # These may be an engine that starts or fails.
    "closes": Server(),
    "503": Server(answer=http("503 Service Unavailable", "nginx", PAGE.format("503"))),
    "500": Server(answer=http("500 Internal Server Error", "", PAGE.format("500"))),
}
DYNAMODB = {
    "tables": Server(answer=http("200 OK", "Werkzeug", '{"TableNames": []}')),
    "refusal": Server(answer=http("400 Bad Request", "", '{"__type": "x#AccessDenied"}')),
    "signed refusal": Server(answer=http("403 Forbidden", "", "no", x_amzn_RequestId="1")),
}


@contextlib.contextmanager
def listening(server: Server) -> Iterator[str]:
    """Serve on a free port of the loopback interface; the address without a scheme."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=_serve, args=(listener, server, ended))
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def _serve(listener: socket.socket, server: Server, ended: threading.Event) -> None:
    threads = []
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            threads.append(threading.Thread(target=_answer, args=(connection, server, ended)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _answer(connection: socket.socket, server: Server, ended: threading.Event) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(0.05)
        if not server.banner:
            connection.recv(65536)
        connection.sendall(server.answer)
        while server.forever and not ended.is_set():
            connection.sendall(server.forever)
        if server.stays:
            ended.wait()
