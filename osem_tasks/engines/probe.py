"""Who answers at an endpoint: asked over plain HTTP, without SDK and without proxy."""

from __future__ import annotations

import time
from enum import Enum
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.05
# A ListTables call. Neither engine checks the signature, DynamoDB Local only the form of
# the access key; so that a real answer costs no SDK.
_SCOPE = f"{ACCESS_KEY}/20200101/us-east-1/dynamodb/aws4_request"
_HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0",
}


class Answer(str, Enum):
    """What kind of server an endpoint is."""

    DYNAMODB_LOCAL = "DynamoDB Local"
    MOTO = "moto"
    OTHER = "another server"
    NONE = "nothing"


def ask(endpoint: str, timeout: float = 1.0) -> Answer:
    """Who answers a ListTables at ``endpoint``.

    An open port proves nothing, and neither does DynamoDB Local's refusal of a plain GET:
    it still gives that when its database file cannot be written and every call hangs.
    """
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("POST", "/", body='{"Limit": 1}', headers=_HEADERS)
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, HTTPException):
        return Answer.NONE
    finally:
        connection.close()
    if response.status != HTTPStatus.OK or b'"TableNames"' not in body:
        return Answer.OTHER
    moto = response.getheader("Server", "").startswith("Werkzeug")
    return Answer.MOTO if moto else Answer.DYNAMODB_LOCAL


def wait_for(
    endpoint: str, expected: Answer, timeout: float, check_alive: Callable[[], None]
) -> bool:
    """Wait until ``expected`` answers; False when ``timeout`` seconds pass without.

    ``check_alive`` is called between tries and raises when waiting has become pointless.
    """
    deadline = time.monotonic() + timeout
    while ask(endpoint, min(2.0, timeout)) is not expected:
        interrupts.check()
        check_alive()
        if time.monotonic() >= deadline:
            return False
        time.sleep(INTERVAL)
    return True
