"""Detect which DynamoDB answers at an endpoint with one HTTP request: no SDK, no proxy."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.schema import emulators
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

# A server that answers, but not as DynamoDB does.
ANOTHER_SERVER = emulators.Engine("another server")
# A ListTables call. No engine checks the signature, and DynamoDB Local checks only the form
# of the access key, so the request needs no SDK.
_SCOPE = f"{ACCESS_KEY}/20200101/us-east-1/dynamodb/aws4_request"
BODY = '{"Limit": 1}'
HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0",
}


def ask(endpoint: str, timeout: float = 1.0) -> emulators.Engine | None:
    """Return the engine that answers ListTables at ``endpoint`` within ``timeout`` seconds.

    Returns None if nothing answers, ANOTHER_SERVER if something else does. An open port
    proves nothing. DynamoDB Local's refusal of a plain GET proves nothing either: it also
    comes when the database file cannot be written and every call hangs.
    """
    connection = _connection(endpoint, timeout)
    try:
        connection.request("POST", "/", body=BODY, headers=HEADERS)
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    if response.status != HTTPStatus.OK or b'"TableNames"' not in body:
        return ANOTHER_SERVER
    # moto sends ``Server`` twice; this joins the two.
    headers = {name.lower(): response.getheader(name, "") for name, _ in response.getheaders()}
    return emulators.local_engine_of(emulators.server_of(headers))


def _connection(endpoint: str, timeout: float) -> HTTPConnection:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port, timeout=timeout)
    return HTTPSConnection(host, parts.port, timeout=timeout, context=any_certificate())


def any_certificate() -> ssl.SSLContext:
    """Return a context that checks no certificate: that of a local engine is its own.

    What is sent holds no secret.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def is_engine(endpoint: str, timeout: float = 1.0) -> bool:
    """Return whether a local engine answers at ``endpoint``: it accepts the dummy keys."""
    return ask(endpoint, timeout) not in (None, ANOTHER_SERVER)


def wait_for(
    endpoint: str,
    expected: emulators.Engine,
    timeout: float,
    check_alive: Callable[[], None] | None = None,
    is_own: Callable[[], bool] = lambda: True,
) -> bool:
    """Wait until ``expected`` answers; return False after ``timeout`` seconds.

    ``check_alive`` is called after every failed try and raises if waiting is useless. An answer
    counts only if ``is_own`` says that it comes from the right engine.
    """

    def answers() -> bool:
        if ask(endpoint, min(2.0, timeout)) is expected and is_own():
            return True
        # Check this first: the same Ctrl-C may end the engine, which is not a failure.
        interrupts.check()
        if check_alive:
            check_alive()
        return False

    backoff = wait.Backoff(policy.current().engine_poll)
    return wait.poll(answers, bool, Deadline(timeout), backoff)
