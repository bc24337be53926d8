"""A DynamoDB that somebody else runs: waited for while it starts, offered where it answers."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import host, service
from osem_tasks.engines.base import EngineRequest
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import Policy, using
from tests.support.fake_engines import FakeDynamoDB, fake_dynamodb
from tests.support.strangers import SERVERS, listening

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST = EngineRequest(name="mine", default_port=8000, default_image="x:1", timeout=1.0)


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({}, False),
        ({"CI": ""}, False),
        ({"CI": "false"}, False),
        ({"CI": "0"}, False),
        ({"CI": "true"}, True),
        ({"CI": "1"}, True),
        ({"CI": "woodpecker"}, True),
    ],
)
def test_a_ci_job_is_known_by_its_variable(variables: Mapping[str, str], expected: bool) -> None:
    """Services of a CI job start beside it, so that it waits longer."""
    with using(Policy(service=1.0, service_in_ci=2.0)):
        assert service.is_ci(variables) is expected
        assert service.patience(variables) == (2.0 if expected else 1.0)


def test_a_server_that_starts_late_is_waited_for() -> None:
    """The wait is said once, and ends as soon as anything answers."""
    port, said = host.free_port(), []
    servers: list[FakeDynamoDB] = []

    def say(text: str) -> None:
        said.append(text)
        servers.append(FakeDynamoDB(place=("127.0.0.1", port)))

    with using(Policy(service=30.0)):
        service.wait_for(f"http://127.0.0.1:{port}", Deadline(60), say, {})
    servers[0].close()

    assert said == [
        f"Nothing answers at http://127.0.0.1:{port} yet; waiting up to 30 s for it to start."
    ]


@pytest.mark.parametrize("limit, deadline", [(0.1, 60.0), (60.0, 0.1)])
def test_a_port_where_nothing_listens_fails_soon(limit: float, deadline: float) -> None:
    """At the policy's limit or the task's own, whichever comes first; the endpoint is named."""
    endpoint = f"http://127.0.0.1:{host.free_port()}"
    with using(Policy(service=limit)), pytest.raises(OsemError) as caught:
        service.wait_for(endpoint, Deadline(deadline), lambda _: None, {})

    assert caught.value.code is ErrorCode.ENGINE_NOT_RUNNING
    assert endpoint in caught.value.message
    assert "inv local.up" in caught.value.remediation


def test_what_answers_is_not_waited_for() -> None:
    """A server of any kind; what it is, others tell."""
    said: list[str] = []
    with fake_dynamodb() as endpoint:
        service.wait_for(endpoint, Deadline(60), said.append, {})
    with fake_dynamodb(status=501, body="no") as endpoint:
        service.wait_for(endpoint, Deadline(60), said.append, {})

    assert said == []


@pytest.mark.parametrize("name", ["ssh", "smtp", "redis", "tls", "http2", "garbage"])
def test_what_speaks_another_protocol_is_not_waited_for(name: str) -> None:
    """Such a server is up: the next check says what it is, instead of "nothing answers"."""
    said: list[str] = []
    with listening(SERVERS[name]) as place:
        service.wait_for(f"http://{place}", Deadline(10), said.append, {})

    assert said == []


def test_a_server_that_hangs_is_not_waited_for() -> None:
    """It accepts the connection and does not answer: it is not starting."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        service.wait_for(endpoint, Deadline(60), said.append, {})

    assert said == []


@pytest.mark.parametrize("accepts", ["after a moment", "at once, in a CI job"])
def test_a_port_that_answers_late_belongs_to_a_server_that_starts(accepts: str) -> None:
    """Docker takes the connections of a container that does not listen yet, and lets them hang."""
    port, said = host.free_port(), []
    variables = {"CI": "true"} if "CI" in accepts else {}
    silent: list[socket.socket] = []

    def listen() -> None:
        silent.append(socket.create_server(("127.0.0.1", port)))

    def answer() -> None:
        peer = silent[0].accept()[0]
        peer.recv(1)  # the first request hangs until the client gives it up
        while peer.recv(65536):
            pass
        peer.close()
        silent[0].close()
        servers.append(FakeDynamoDB(place=("127.0.0.1", port)))

    def say(text: str) -> None:
        said.append(text)
        if not silent:
            listen()
            thread.start()

    servers: list[FakeDynamoDB] = []
    thread = threading.Thread(target=answer, daemon=True)
    if variables:
        listen()
        thread.start()
    with using(Policy(service=30.0, service_in_ci=30.0)):
        service.wait_for(f"http://127.0.0.1:{port}", Deadline(60), say, variables)
    thread.join()
    servers[0].close()

    assert len(said) == 1


def test_a_server_that_resets_connections_is_starting() -> None:
    """Docker listens at the port of a service before the service does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def reset() -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=reset, daemon=True)
        thread.start()
        with using(Policy(service=0.2)), pytest.raises(OsemError, match="No local DynamoDB"):
            service.wait_for(endpoint, Deadline(60), lambda _: None, {})
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("server, name", [("Jetty", "DynamoDB Local"), ("Werkzeug/3.1", "moto")])
def test_the_dynamodb_at_a_taken_port_is_offered(server: str, name: str) -> None:
    """By the two commands that use it; another port is still proposed."""
    with fake_dynamodb(server) as endpoint:
        error = service.offered(host.port_in_use(int(endpoint.rpartition(":")[2]), REQUEST))

    assert error.message.endswith(f" {name} answers there.")
    assert error.remediation.startswith(
        f'Use it: inv db.setup --endpoint {endpoint}   and: eval "$(inv local.env --endpoint '
        f'{endpoint})"   or: Use any free port: inv local.up --name mine --port 0'
    )
    assert error.details["endpoint"] == endpoint


def test_a_dynamodb_that_still_starts_at_a_taken_port_is_offered() -> None:
    """Its port is taken before it answers: Docker listens there at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def start() -> None:
            listener.accept()[0].close()
            listener.close()
            servers.append(FakeDynamoDB(place=("127.0.0.1", port)))

        servers: list[FakeDynamoDB] = []
        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        with using(Policy(service=30.0)):
            error = service.offered(host.port_in_use(port, REQUEST))
        thread.join()
    servers[0].close()

    assert error.message.endswith(" DynamoDB Local answers there.")


def test_nothing_else_is_offered() -> None:
    """Neither a server of another kind nor a port at which nothing answers; no other error."""
    other = OsemError("x", code=ErrorCode.TIMEOUT, remediation="y", details={"port": 1})
    with using(Policy(service=0.2)), fake_dynamodb(status=404) as endpoint:
        web = host.port_in_use(int(endpoint.rpartition(":")[2]), REQUEST)
        before = web.remediation

        assert service.offered(web).remediation == before
    assert service.offered(host.port_in_use(host.free_port(), REQUEST)).remediation == before
    assert service.offered(other).remediation == "y"
