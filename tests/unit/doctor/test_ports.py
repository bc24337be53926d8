"""Who holds the port of the engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.doctor import kinds, ports
from osem_tasks.engines import host, records
from osem_tasks.engines.base import EngineRecord
from osem_tasks.errors import ErrorCode
from osem_tasks.findings import Status
from tests.support.fake_engines import fake_dynamodb, only_fake_kinds, refusal
from tests.support.situations import situation_of
from tests.support.strangers import SERVERS, listening

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.doctor.situation import Situation


def at(endpoint: str, **request: Any) -> Situation:
    """A request for the port of ``endpoint``."""
    return situation_of(default_port=int(endpoint.rpartition(":")[2]), **request)


def save(name: str, endpoint: str) -> None:
    """Record an engine that answers at ``endpoint``."""
    records.save(
        EngineRecord(engine="lasting", name=name, endpoint=endpoint, started_at="then", used_at=0.0)
    )


@pytest.mark.usefixtures("state")
def test_a_free_port_and_any_port() -> None:
    """Both are fine."""
    free, any_port = situation_of(default_port=host.free_port()), situation_of(port=0)

    assert [ports.check(one)[0].status for one in (free, any_port)] == [Status.OK] * 2


@pytest.mark.parametrize("name", ["nginx", "redis", "tls", "silent", "closes"])
@pytest.mark.usefixtures("state")
def test_another_program_at_the_port(name: str) -> None:
    """It is named by pid and name, and by what it answers, where it answers anything."""
    with listening(SERVERS[name]) as place:
        (found,) = ports.check(at(f"http://{place}"))

    assert (found.status, found.code) == (Status.FAILED, ErrorCode.PORT_IN_USE)
    assert f"is taken by process {os.getpid()} (" in found.message
    assert SERVERS[name].says in found.message
    assert "local.up --name osem-doctor --port 0   or stop that program" in found.remediation


@pytest.mark.usefixtures("state")
def test_a_dynamodb_that_is_not_ours() -> None:
    """It is named as one, and offered."""
    with fake_dynamodb("Werkzeug") as endpoint:
        (found,) = ports.check(at(endpoint))

    assert (found.status, "moto, which this suite did not start" in found.message) == (
        Status.FAILED,
        True,
    )
    assert found.remediation.endswith(f"db.setup --endpoint {endpoint}")


def test_another_engine_of_ours(state: Path) -> None:
    """It is named, and either moves: another port, or it is stopped."""
    assert state.is_dir()
    with only_fake_kinds(), fake_dynamodb() as endpoint:
        save("other", endpoint)
        (found,) = ports.check(at(endpoint))

    assert found.status is Status.FAILED
    assert "is taken by our engine 'other' (lasting)" in found.message
    assert found.remediation.endswith("local.down --name other")


def test_the_engine_itself(state: Path) -> None:
    """It is reused, unless another port or another kind is requested."""
    assert state.is_dir()
    with only_fake_kinds(), fake_dynamodb() as endpoint:
        save("osem-doctor", endpoint)
        (ours,), (moved,) = ports.check(at(endpoint)), ports.check(at(endpoint, port=1))
        same, other = (
            list(kinds.conflict(at(endpoint, engine=kind))) for kind in ("lasting", "fleeting")
        )

    assert (ours.status, moved.status) == (Status.OK, Status.FAILED)
    assert f"runs at {endpoint}, and port 1 is requested" in moved.message
    assert (same, [finding.status for finding in other]) == ([], [Status.FAILED])
    assert "runs as lasting" in other[0].message


@pytest.mark.parametrize(
    "asked, words",
    [
        ({}, None),
        ({"persist": True}, "persist no (requested yes)"),
        ({"shared": False}, "isolated no (requested yes)"),
        ({"engine": "lasting", "persist": True, "port": 1}, "persist no (requested yes)"),
    ],
    ids=str,
)
def test_a_running_engine_with_other_settings_is_a_failure(
    state: Path, asked: dict[str, Any], words: str | None
) -> None:
    """As local.up refuses it; the port is a check of its own."""
    assert state.is_dir()
    with only_fake_kinds(), fake_dynamodb() as endpoint:
        save("osem-doctor", endpoint)
        found = list(kinds.conflict(at(endpoint, **asked)))

    assert [finding.status for finding in found] == ([Status.FAILED] if words else [])
    assert all(str(words) in finding.message for finding in found)
    assert not any("port" in finding.message for finding in found)


@pytest.mark.parametrize(
    "engine, is_here, refused",
    [("auto", True, False), ("auto", False, True), ("fleeting", True, True)],
)
def test_persist_without_a_kind_that_keeps_data_is_a_failure(
    state: Path, engine: str, is_here: bool, refused: bool
) -> None:
    """Whatever else is fine: local.up would stop there."""
    assert state.is_dir()
    with only_fake_kinds() as (lasting, _):
        lasting.refusal = None if is_here else refusal("hardware")
        found = list(kinds.conflict(situation_of(engine=engine, persist=True)))

    assert [finding.status for finding in found] == ([Status.FAILED] if refused else [])
    assert all("The fleeting engine keeps its data in memory" in one.message for one in found)
