"""Names a server that is not DynamoDB: what it answers to a ListTables call, in a few words."""

from __future__ import annotations

import json
import re
import socket
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from osem_tasks.config.commands import command
from osem_tasks.engines import probe
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.quoting import shown
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

# What is read of an answer: enough for the list of tables of one page to begin.
MOST = 8192
LONGEST_LINE = 80
_REQUEST = "\r\n".join(
    [
        "POST / HTTP/1.1",
        "Host: HOST",
        *(f"{name}: {value}" for name, value in probe.HEADERS.items()),
        f"Content-Length: {len(probe.BODY)}",
        "Connection: close",
        "",
        probe.BODY,
    ]
)
# A gateway, or an engine that starts or fails: the call itself tells more.
_FAILING = (
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_TLS_ALERT = b"\x15\x03"
_HTTP2_SETTINGS = re.compile(rb"\x00..\x04", re.DOTALL)


class Stranger(NamedTuple):
    """What a server does that is not DynamoDB, and the address to use instead, if that is known.

    A ``silent`` server accepts connections and says nothing: it may be an engine that hangs.
    """

    words: str
    address: str = ""
    silent: bool = False


def refuse_stranger(target: Target) -> None:
    """Raise OsemError (ENGINE_NOT_RUNNING) if anything but DynamoDB is at a local endpoint.

    A silent server is none: an engine may be slow, and the calls of the task have their own limit.
    """
    stranger = stranger_at(str(target.endpoint))
    if stranger is None or stranger.silent:
        return
    up = command("local.up", "--port", "0")
    remedy = f"{up}   starts an engine; to use another one: --endpoint http://HOST:PORT"
    if stranger.address:
        remedy = f"Use its right address: --endpoint {stranger.address}"
    raise OsemError(
        f"The server at {target.endpoint} is not DynamoDB: {stranger.words}.",
        code=ErrorCode.ENGINE_NOT_RUNNING,
        remediation=remedy,
    )


def stranger_at(endpoint: str, timeout: float = 1.0) -> Stranger | None:
    """Return what answers at ``endpoint`` within ``timeout`` seconds, if it is not DynamoDB.

    None if DynamoDB answers, if nothing listens, or for a server that may be DynamoDB and fails.
    """
    parts = urlsplit(endpoint)
    secure = parts.scheme == "https"
    place = (parts.hostname or "", parts.port or (443 if secure else 80))
    try:
        with socket.create_connection(place, timeout) as plain:
            if not secure:
                return _judged(_answer(plain, parts.netloc, timeout), endpoint)
            plain.settimeout(timeout)
            with probe.any_certificate().wrap_socket(plain) as tls:
                return _judged(_answer(tls, parts.netloc, timeout), endpoint)
    except ssl.SSLError:
        return Stranger("it does not speak TLS", _with_scheme(endpoint, "http"))
    except OSError:
        return None


def _answer(connection: socket.socket, host: str, timeout: float) -> bytes | None:
    """Return the begin of the answer, as far as it comes in time; None if nothing does."""
    deadline, answer = Deadline(timeout), b""
    connection.sendall(_REQUEST.replace("HOST", host).encode())
    try:
        while len(answer) < MOST and not deadline.passed and not _is_whole(answer):
            connection.settimeout(max(deadline.left, 0.001))
            part = connection.recv(MOST)
            if not part:
                break
            answer += part
    except TimeoutError:
        return answer or None
    except OSError:
        pass  # what came before counts
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d{1,9})\r?\n?", head + b"\r\n")
    return bool(end and length) and len(body) >= int(length[1] if length else 0)


def _judged(answer: bytes | None, endpoint: str) -> Stranger | None:
    if answer is None:
        return Stranger("it accepts connections and answers nothing", silent=True)
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/\d(?:\.\d)? (\d{3})", first)
    if found:
        return _judged_http(int(found[1]), headers, body, endpoint)
    # A port that Docker publishes is closed at once while the engine behind it starts.
    return _judged_bytes(answer, endpoint) if answer else None


def _judged_bytes(answer: bytes, endpoint: str) -> Stranger:
    if answer.startswith(_TLS_ALERT):
        return Stranger("it speaks TLS", _with_scheme(endpoint, "https"))
    if _HTTP2_SETTINGS.match(answer):
        return Stranger("it speaks HTTP/2 only")
    line = answer.split(b"\n", maxsplit=1)[0].decode("latin-1").strip()[:LONGEST_LINE]
    if line and line.isascii() and line.isprintable():
        return Stranger(f"it answers {shown(line)}")
    return Stranger("it does not speak HTTP")


def _judged_http(status: int, headers: list[str], body: bytes, endpoint: str) -> Stranger | None:
    fields = dict(_field(header) for header in headers)
    if status in _FAILING or "x-amzn-requestid" in fields or _is_dynamodb(body):
        return None
    if b"HTTPS" in body[:MOST] and status == HTTPStatus.BAD_REQUEST:
        return Stranger("it speaks TLS", _with_scheme(endpoint, "https"))
    server = "".join(filter(str.isprintable, fields.get("server", "")))[:LONGEST_LINE]
    return Stranger(", ".join(filter(None, (f"it answers HTTP {status}", server))))


def _field(header: str) -> tuple[str, str]:
    name, _, value = header.partition(":")
    return name.strip().lower(), value.strip()


def _is_dynamodb(body: bytes) -> bool:
    """Return whether a body is DynamoDB's: a list of tables, or an error with its type."""
    if b'"TableNames"' in body:
        return True
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and "__type" in content


def _with_scheme(endpoint: str, scheme: str) -> str:
    return urlsplit(endpoint)._replace(scheme=scheme).geturl()
