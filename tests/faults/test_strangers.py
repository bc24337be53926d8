"""Something else than DynamoDB is at the port: every task says what, and none hangs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import records
from tests.support.strangers import SERVERS, listening

if TYPE_CHECKING:
    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

TASKS = [
    ("db.setup",),
    ("db.verify",),
    ("db.repair", "--yes"),
    ("db.list",),
    ("db.reset", "--yes"),
    ("db.delete", "--yes"),
]
NAMES = ["python", "nginx", "redirect", "json", "ssh", "tls", "http2", "endless body"]


@pytest.mark.parametrize("words", TASKS, ids=" ".join)
@pytest.mark.parametrize("name", ["python", "ssh"])
def test_every_task_names_the_stranger(inv: Inv, words: tuple[str, ...], name: str) -> None:
    """One sentence, a remedy, and exit code 1: nothing was changed."""
    server = SERVERS[name]
    with listening(server) as place:
        run = inv(*words, "--endpoint", f"http://{place}", "--json")

    message = run.document["error"]["message"]
    assert (run.code, run.error) == (1, "ENGINE_NOT_RUNNING")
    assert (server.says in message, "<" in message) == (True, False)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_names_any_stranger(inv: Inv, name: str) -> None:
    """Whatever protocol it speaks, and whether it ends or not."""
    server = SERVERS[name]
    with listening(server) as place:
        run = inv("db.setup", "--endpoint", f"http://{place}", "--timeout", "2")

    lines = [line for line in run.err.splitlines() if line.startswith("✗ ")]
    assert (run.code, len(lines), "Traceback" in run.err) == (1, 1, False)
    assert server.says in lines[0]


def test_a_silent_server_is_a_timeout(inv: Inv) -> None:
    """It may be an engine that hangs: the task ends, and says so."""
    with listening(SERVERS["silent"]) as place:
        run = inv("db.verify", "--endpoint", f"http://{place}", "--timeout", "2", "--json")

    assert (run.code, run.error) == (1, "TIMEOUT")


@pytest.mark.parametrize(
    "name, code",
    [("closes", "ENGINE_NOT_RUNNING"), ("500", "NETWORK_ERROR"), ("503", "NETWORK_ERROR")],
)
def test_a_server_that_fails_is_told_in_one_sentence(inv: Inv, name: str, code: str) -> None:
    """It may be an engine that starts: its page is not quoted, only the page's title."""
    with listening(SERVERS[name]) as place:
        run = inv("db.verify", "--endpoint", f"http://{place}", "--json")

    message = run.document["error"]["message"]
    assert (run.code, run.error) == (1, code)
    assert (place in message, "<" in message, len(message) < 300) == (True, False, True)


@pytest.mark.parametrize("name", ["python", "nginx", "redirect", "login", "page", "json"])
def test_a_stranger_in_the_place_of_aws(
    cloud: Cloud, inv: Inv, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A proxy's page or a wrong endpoint is told in one sentence, too."""
    with listening(SERVERS[name]) as place:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://{place}")
        run = inv("db.verify", "--env", "dev", "--json")

    message = run.document["error"]["message"]
    assert (run.code, run.error) == (1, "NETWORK_ERROR")
    assert ("<" in message, len(message) < 300) == (False, True)
    assert cloud.server.of("CreateTable") == []


@pytest.mark.parametrize("name", ["python", "ssh", "tls"])
def test_the_status_names_the_stranger(cloud: Cloud, inv: Inv, name: str) -> None:
    """An engine that is gone, and somebody else at its port."""
    server = SERVERS[name]
    with listening(server) as place:
        gone = replace(cloud.record, endpoint=f"http://{place}", process_started=0.0)
        records.save(gone)
        run = inv("local.status")
        records.forget(gone.name)

    assert run.code == 0
    assert server.says in run.out
