"""The probe: only a real answer of the right DynamoDB counts."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import probe
from osem_tasks.schema import emulators
from osem_tasks.waiting import interrupts
from tests.support.fake_engines import NO_TABLES, fake_dynamodb
from tests.support.patience import Clock, no_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = '{"__type": "com.amazonaws.dynamodb.v20120810#MissingAuthenticationToken"}'


@pytest.mark.parametrize(
    "server, status, body, expected",
    [
        pytest.param("Jetty(12)", 200, NO_TABLES, emulators.DYNAMODB_LOCAL, id="dynamodb-local"),
        pytest.param("", 200, NO_TABLES, emulators.DYNAMODB_LOCAL, id="without-a-name"),
        pytest.param("Werkzeug/3.1.3", 200, NO_TABLES, emulators.MOTO, id="moto"),
        pytest.param("Jetty(12)", 400, REFUSAL, probe.ANOTHER_SERVER, id="a-refusal"),
        pytest.param("nginx", 200, "<html></html>", probe.ANOTHER_SERVER, id="a-web-page"),
        pytest.param("nginx", 404, "", probe.ANOTHER_SERVER, id="nothing-found"),
        pytest.param("Werkzeug/3", 500, NO_TABLES, probe.ANOTHER_SERVER, id="moto-that-fails"),
    ],
)
def test_who_answers(server: str, status: int, body: str, expected: emulators.Engine) -> None:
    """An answer to ListTables tells the emulator; anything else is another server."""
    with fake_dynamodb(server, status, body) as endpoint:
        assert probe.ask(endpoint) is expected


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """An endpoint that accepts a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_silence_is_nothing(silent_endpoint: str) -> None:
    """An open port is no engine."""
    assert probe.ask(silent_endpoint, timeout=0.05) is None


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://[::1]:9", "http://127.0.0.1"])
def test_where_nothing_listens_nothing_answers(endpoint: str) -> None:
    """A refused connection is no error."""
    assert probe.ask(endpoint) is None


def test_the_expected_answer_ends_the_wait() -> None:
    """Once it has come, nothing else is checked."""
    with fake_dynamodb() as endpoint:
        assert probe.wait_for(endpoint, emulators.DYNAMODB_LOCAL, 60, pytest.fail)


def test_another_answer_does_not_end_the_wait() -> None:
    """Another emulator at the endpoint is not the engine that is awaited."""
    with no_waiting(Clock()), fake_dynamodb("Werkzeug/3") as endpoint:
        assert not probe.wait_for(endpoint, emulators.DYNAMODB_LOCAL, 0.3)


def test_a_dead_engine_is_not_waited_for(silent_endpoint: str) -> None:
    """What `check_alive` raises ends the wait."""

    def check_alive() -> None:
        raise ChildProcessError

    with pytest.raises(ChildProcessError):
        probe.wait_for(silent_endpoint, emulators.MOTO, 0.05, check_alive)


def test_an_interrupt_ends_the_wait_before_anything_else(
    silent_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may have ended the engine too: it is an interrupt, not a failed start."""
    monkeypatch.setattr(interrupts._State, "requested", True)

    with pytest.raises(interrupts.Interrupted):
        probe.wait_for(silent_endpoint, emulators.MOTO, 0.05, pytest.fail)
