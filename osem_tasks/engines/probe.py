"""Which DynamoDB answers at an endpoint, by one plain HTTP request: no SDK, no proxy."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.schema import emulators
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

# What answers, but not as a DynamoDB.
ANOTHER_SERVER = emulators.Engine("another server")
# A ListTables call. No engine checks the signature, DynamoDB Local only the form of the
# access key; so a real answer costs no SDK.
_SCOPE = f"{ACCESS_KEY}/20200101/us-east-1/dynamodb/aws4_request"
_HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0",
}


def ask(endpoint: str, timeout: float = 1.0) -> emulators.Engine | None:
    """The engine that answers a ListTables at ``endpoint`` within ``timeout`` seconds.

    None when nothing answers, ANOTHER_SERVER when something else does. An open port proves
    nothing, and neither does DynamoDB Local's refusal of a plain GET: it still gives that
    when its database file cannot be written and every call hangs.
    """
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("POST", "/", body='{"Limit": 1}', headers=_HEADERS)
        response = connection.getresponse()
        body = response.read(65536)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    if response.status != HTTPStatus.OK or b'"TableNames"' not in body:
        return ANOTHER_SERVER
    return emulators.local_engine_of(response.getheader("Server", ""))


def wait_for(
    endpoint: str,
    expected: emulators.Engine,
    timeout: float,
    check_alive: Callable[[], None] | None = None,
    is_own: Callable[[], bool] = lambda: True,
) -> bool:
    """Wait until ``expected`` answers; False when ``timeout`` seconds pass without.

    ``check_alive`` is called between tries and raises when waiting has become pointless.
    An answer counts when ``is_own`` says that it comes from the engine that is waited for.
    """

    def answers() -> bool:
        if ask(endpoint, min(2.0, timeout)) is expected and is_own():
            return True
        # First: an engine that ended by the same Ctrl-C must not be reported as a failure.
        interrupts.check()
        if check_alive:
            check_alive()
        return False

    backoff = wait.Backoff(policy.current().engine_poll)
    return wait.poll(answers, bool, Deadline(timeout), backoff)
