"""Who answers at an endpoint: asked over plain HTTP, without SDK and without proxy."""

from __future__ import annotations

import time
from enum import Enum
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.05


class Answer(str, Enum):
    """What kind of server an endpoint is."""

    DYNAMODB_LOCAL = "DynamoDB Local"
    MOTO = "moto"
    OTHER = "another server"
    NONE = "nothing"


def ask(endpoint: str, timeout: float = 1.0) -> Answer:
    """Who answers at ``endpoint``.

    DynamoDB Local refuses an unsigned request with its own MissingAuthenticationToken:
    an answer of the database itself, which an open port alone is not.
    """
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read(4096)
    except (OSError, HTTPException):
        return Answer.NONE
    finally:
        connection.close()
    if b"MissingAuthenticationToken" in body:
        return Answer.DYNAMODB_LOCAL
    if response.getheader("Server", "").startswith("Werkzeug") and b"amazonaws.com" in body:
        return Answer.MOTO
    return Answer.OTHER


def wait_for(
    endpoint: str, expected: Answer, timeout: float, check_alive: Callable[[], None]
) -> bool:
    """Wait until ``expected`` answers; False when ``timeout`` seconds pass without.

    ``check_alive`` is called between tries and raises when waiting has become pointless.
    """
    deadline = time.monotonic() + timeout
    while ask(endpoint) is not expected:
        check_alive()
        if time.monotonic() >= deadline:
            return False
        time.sleep(INTERVAL)
    return True
