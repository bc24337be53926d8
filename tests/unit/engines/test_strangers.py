"""A server that is not DynamoDB: what it is, in a few words, and no doubt about a real one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.engines import host, strangers
from osem_tasks.engines.strangers import refuse_stranger, stranger_at
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.strangers import DYNAMODB, SERVERS, Server, listening

# Servers of their own.
pytestmark = pytest.mark.slow

SURE = {name: server for name, server in SERVERS.items() if server.says and not server.stays}
UNSURE = {name: server for name, server in SERVERS.items() if not server.says} | DYNAMODB
LOCAL = resolve(BUILT_IN["local"], TargetOptions(), {})


@pytest.mark.parametrize("server", SURE.values(), ids=SURE)
def test_a_stranger_is_named(server: Server) -> None:
    """One sentence with what it answers, none of its pages, and what to type."""
    with listening(server) as place, pytest.raises(OsemError) as caught:
        refuse_stranger(replace(LOCAL, endpoint=f"http://{place}"))

    error = caught.value
    assert error.code is ErrorCode.ENGINE_NOT_RUNNING
    assert (server.says in error.message, place in error.message) == (True, True)
    assert (len(error.message) < 200, "<" in error.message) == (True, False)
    assert "--endpoint" in error.remediation


@pytest.mark.parametrize("server", UNSURE.values(), ids=UNSURE)
def test_what_may_be_dynamodb_is_no_stranger(server: Server) -> None:
    """An engine may be starting, failing, or refusing: the call itself tells."""
    with listening(server) as place:
        assert stranger_at(f"http://{place}", 0.5) is None


def test_a_silent_server_is_told_and_not_refused() -> None:
    """It may be an engine that is slow: the status names it, a task asks it all the same."""
    silent = SERVERS["silent"]
    with listening(silent) as place:
        found = stranger_at(f"http://{place}", 0.2)
        refuse_stranger(replace(LOCAL, endpoint=f"http://{place}"))

    assert found is not None
    assert (found.words, found.silent) == (silent.says, True)


def test_nothing_is_no_stranger() -> None:
    """Where nothing listens, there is nobody to name."""
    assert stranger_at(f"http://127.0.0.1:{host.free_port()}") is None


@pytest.mark.parametrize("name", ["tables", "python", "ssh"])
def test_an_address_with_tls_at_a_server_without(name: str) -> None:
    """The address to use is told."""
    with listening({**SERVERS, **DYNAMODB}[name]) as place:
        found = stranger_at(f"https://{place}", 0.5)

    assert found is not None
    assert (found.words, found.address) == ("it does not speak TLS", f"http://{place}")


@given(st.binary(max_size=300))
def test_any_answer_is_judged(answer: bytes) -> None:
    """No answer makes the judgement fail, and every sentence is short and printable."""
    found = strangers._judged(answer, "http://127.0.0.1:8000")

    assert found is None or (len(found.words) < 200 and found.words.isprintable())


@given(st.integers(200, 499), st.text(max_size=200), st.binary(max_size=100))
def test_any_http_answer_is_judged(status: int, server: str, body: bytes) -> None:
    """A status that DynamoDB never sends without its own marks is a stranger's."""
    head = f"HTTP/1.1 {status} words\r\nServer: {server}\r\n\r\n".encode("utf-8", "replace")

    found = strangers._judged(head + body, "http://127.0.0.1:8000")

    assert found is None or (len(found.words) < 200 and found.words.isprintable())
