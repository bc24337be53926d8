"""The engine of a test run: waited for while it starts, and its commands are pytest's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from osem_tasks.engines import registry
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.emulators import DYNAMODB_LOCAL, MOTO, Isolation
from osem_tasks.testing import IsolatedDatabase, Server, server_at
from osem_tasks.testing.servers import RunRequest
from tests.support.fake_engines import fake_dynamodb

NOWHERE = "http://127.0.0.1:9"


def request(engine: str = "docker", image: str | None = None) -> RunRequest:
    """A request of a test run."""
    return RunRequest(
        name="osem-pytest-1",
        default_port=0,
        default_image="",
        timeout=60,
        engine=engine,
        image=image,
        shared=False,
    )


@pytest.mark.parametrize(
    "command, expected",
    [
        (request().command(), "pytest --dynamodb-engine docker"),
        (request("auto").command(), "pytest"),
        (request(image="a b").command(), "pytest --dynamodb-engine docker --dynamodb-image 'a b'"),
        (
            request("moto").command("--timeout", "120"),
            "pytest --dynamodb-engine moto   with osem.timeout: 120 in invoke.yaml",
        ),
        (request().replacing_command(), "pytest --dynamodb-engine docker"),
        (
            registry.alternatives("docker", request()),
            "   or use another engine: pytest --dynamodb-engine moto",
        ),
    ],
)
def test_a_remedy_is_a_command_of_pytest(command: str, expected: str) -> None:
    """`inv local.up --name osem-pytest-1` would start an engine that no test uses."""
    assert command == expected


class Starting(BaseHTTPRequestHandler):
    """A service whose port is published before it answers: the first calls are cut off."""

    server_version, sys_version = "Werkzeug/3", ""
    silent = 3

    def do_POST(self) -> None:
        """Cut the connection, or answer."""
        if Starting.silent:
            Starting.silent -= 1
            self.close_connection = True
            return
        body = json.dumps({"TableNames": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def test_a_service_that_starts_is_waited_for() -> None:
    """A CI service beside the tests answers after a while."""
    Starting.silent = 3
    said: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Starting) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        try:
            endpoint = f"http://127.0.0.1:{service.server_address[1]}"
            server = server_at(endpoint, "AWS_ENDPOINT_URL", 30, said.append)
        finally:
            service.shutdown()
            thread.join()

    assert (server.isolation, Starting.silent) == (Isolation.ACCOUNT, 0)
    assert said == [f"waiting for {endpoint} (by AWS_ENDPOINT_URL) for up to 30 s"]


@pytest.mark.parametrize(
    "source, remedy",
    [
        ("--dynamodb-endpoint", "leave --dynamodb-endpoint out"),
        ("AWS_ENDPOINT_URL", "pytest --dynamodb-engine auto"),
    ],
)
def test_a_service_that_never_answers_is_named(source: str, remedy: str) -> None:
    """With what names it, and how to do without it; the wait has an end."""
    with pytest.raises(OsemError) as caught:
        server_at(NOWHERE, source, 0.2)

    error = caught.value
    assert error.code is ErrorCode.ENGINE_NOT_RUNNING
    assert f"{NOWHERE} (by {source}): no server responds within 0.2 s" in error.message
    assert remedy in error.remediation


def test_another_server_is_not_waited_for() -> None:
    """It answers, and it will never be DynamoDB."""
    with fake_dynamodb("nginx", 404, "no") as endpoint, pytest.raises(OsemError) as caught:
        server_at(endpoint, seconds=3600)

    assert "another server responds: it answers HTTP 404, nginx." in caught.value.message


def test_a_server_without_tls_is_not_waited_for() -> None:
    """Its right address is named: https:// before a local engine is a frequent slip."""
    with fake_dynamodb() as endpoint, pytest.raises(OsemError) as caught:
        server_at(endpoint.replace("http", "https"), "AWS_ENDPOINT_URL", seconds=3600)

    assert "another server responds: it does not speak TLS." in caught.value.message
    assert caught.value.remediation.startswith(f"Use {endpoint} there, or")


@pytest.mark.parametrize("by_prefix", [False, True])
def test_prefixes_separate_where_they_are_asked_for(by_prefix: bool) -> None:
    """On an emulator with accounts, all other keys share the default account."""
    with fake_dynamodb("Werkzeug/3") as endpoint:
        server = server_at(endpoint, by_prefix=by_prefix)

    expected = Isolation.TABLE_PREFIX if by_prefix else Isolation.ACCOUNT
    assert (server.isolation, server.engine) == (expected, MOTO)


@pytest.mark.parametrize(
    "isolation, engine, key, region",
    [
        (Isolation.ACCESS_KEY, DYNAMODB_LOCAL, "own", "us-east-1"),
        (Isolation.ACCOUNT, MOTO, "own", "us-east-1"),
        (Isolation.TABLE_PREFIX, DYNAMODB_LOCAL, "", ""),
        (Isolation.TABLE_PREFIX, MOTO, "", "us-east-1"),
    ],
)
def test_a_place_has_what_the_engine_separates(
    isolation: Isolation, engine: object, key: str, region: str
) -> None:
    """Keys, where they open databases; regions, where they do, as on moto in any case."""
    server = Server(NOWHERE, isolation, MOTO if engine is MOTO else DYNAMODB_LOCAL)

    place = server.place_of(IsolatedDatabase(NOWHERE, "own", "secret"))

    assert (place.access_key, place.region) == (key, region)
