"""The container as values: what is done with it, every refusal, and never beyond this machine."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.docker.container import (
    LABEL,
    LABEL_ATTEMPT,
    LABEL_PERSIST,
    LABEL_SHARED,
    PORT,
    ContainerAction,
    Snapshot,
    age,
    create_options,
    decide,
    mismatches,
    started_at,
    volume_of,
)
from osem_tasks.errors import ErrorCode, OsemError

NAME = "osem-dynamodb-local"
IMAGE = "amazon/dynamodb-local:3.3.1"


def requested(**facts: Any) -> EngineRequest:
    """A call of ``local.up`` that requests ``facts`` and nothing else."""
    defaults = {"name": NAME, "default_port": 8000, "default_image": IMAGE, "timeout": 60.0}
    return EngineRequest(**{**defaults, **facts})


def found(status: str = "running", **facts: Any) -> Snapshot:
    """Our container with the default image, in memory, on port 8000."""
    labels = {LABEL: NAME, LABEL_PERSIST: "no"}
    defaults = {"id": "c0ffee" * 10, "name": NAME, "image": IMAGE, "labels": labels, "port": 8000}
    return Snapshot(**{**defaults, "status": status, **facts})


KEPT = {LABEL: NAME, LABEL_PERSIST: "yes"}


@pytest.mark.parametrize(
    "snapshot, request_facts, action",
    [
        pytest.param(None, {}, ContainerAction.CREATE, id="none"),
        pytest.param(None, {"fresh": True}, ContainerAction.CREATE, id="none-fresh"),
        pytest.param(found(), {}, ContainerAction.REUSE, id="running"),
        pytest.param(
            found(),
            {"port": 8000, "image": IMAGE, "persist": False},
            ContainerAction.REUSE,
            id="as-requested",
        ),
        pytest.param(
            found(port=9001), {}, ContainerAction.REUSE, id="running-on-another-port-not-requested"
        ),
        pytest.param(
            found(port=9001), {"port": 0}, ContainerAction.REUSE, id="running-any-port-requested"
        ),
        pytest.param(
            found(image="mine:1"),
            {},
            ContainerAction.REUSE,
            id="running-another-image-not-requested",
        ),
        pytest.param(
            found(labels=KEPT), {}, ContainerAction.REUSE, id="running-persistent-not-requested"
        ),
        pytest.param(found("restarting"), {}, ContainerAction.REUSE, id="restarting"),
        pytest.param(found("paused"), {}, ContainerAction.UNPAUSE, id="paused"),
        pytest.param(found("exited"), {}, ContainerAction.START, id="exited"),
        pytest.param(
            found("exited", port=None), {"port": 0}, ContainerAction.START, id="exited-any-port"
        ),
        pytest.param(
            found("exited"), {"port": 0}, ContainerAction.RECREATE, id="exited-to-any-port"
        ),
        pytest.param(
            found("exited", labels=KEPT), {}, ContainerAction.START, id="exited-persistent"
        ),
        pytest.param(
            found("exited"), {"port": 9001}, ContainerAction.RECREATE, id="exited-other-port"
        ),
        pytest.param(
            found("exited"), {"image": "mine:1"}, ContainerAction.RECREATE, id="exited-other-image"
        ),
        pytest.param(
            found("exited"), {"persist": True}, ContainerAction.RECREATE, id="exited-to-persist"
        ),
        pytest.param(found("created"), {}, ContainerAction.RECREATE, id="never-started"),
        pytest.param(found("dead"), {}, ContainerAction.RECREATE, id="dead"),
        *(
            pytest.param(
                found(status), {"fresh": True}, ContainerAction.RECREATE, id=f"fresh-{status}"
            )
            for status in ("running", "paused", "exited")
        ),
        pytest.param(
            found(),
            {"fresh": True, "port": 9001},
            ContainerAction.RECREATE,
            id="fresh-on-another-port",
        ),
    ],
)
def test_action(
    snapshot: Snapshot | None, request_facts: dict[str, Any], action: ContainerAction
) -> None:
    """The container that is found decides, and loses no data unless --fresh was requested."""
    assert action is decide(snapshot, requested(**request_facts))


@pytest.mark.parametrize("status", ["running", "paused", "restarting"])
@pytest.mark.parametrize(
    "request_facts, difference",
    [
        pytest.param({"port": 9001}, "port 8000 (requested 9001)", id="port"),
        pytest.param({"image": "mine:1"}, f"image {IMAGE} (requested mine:1)", id="image"),
        pytest.param({"persist": True}, "persist no (requested yes)", id="persist"),
    ],
)
def test_engine_that_runs_with_other_settings_is_refused(
    status: str, request_facts: dict[str, Any], difference: str
) -> None:
    """A running engine is not replaced behind the user's back: the difference is named.

    The remedy stops it and makes the same request again: data in a volume is kept.
    """
    request = requested(**request_facts)
    with pytest.raises(OsemError) as caught:
        decide(found(status), request)

    assert ErrorCode.ENGINE_UNAVAILABLE is caught.value.code
    assert difference in caught.value.message
    assert request.replacing_command() in caught.value.remediation
    assert "--fresh" not in caught.value.remediation


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({}, id="no-label"),
        pytest.param({LABEL: "another"}, id="label-of-another-name"),
        pytest.param({LABEL_PERSIST: "yes"}, id="other-label"),
    ],
)
@pytest.mark.parametrize("fresh", [False, True], ids=["plain", "fresh"])
def test_container_of_others_is_never_touched(labels: dict[str, str], fresh: bool) -> None:
    """A container of that name without our label is refused, with --fresh too."""
    with pytest.raises(OsemError) as caught:
        decide(found(labels=labels), requested(fresh=fresh))

    assert ErrorCode.ENGINE_UNAVAILABLE is caught.value.code
    assert "was not created by osem_tasks" in caught.value.message
    assert f"inv local.up --name {NAME}-2" in caught.value.remediation


def test_all_differences_are_named_at_once() -> None:
    """Image, port and persistence are compared together, each only where requested."""
    request = requested(image="mine:1", port=9001, persist=True)

    assert [
        f"image {IMAGE} (requested mine:1)",
        "port 8000 (requested 9001)",
        "persist no (requested yes)",
    ] == mismatches(found(), request)
    assert mismatches(found(image="x", port=1, labels=KEPT), requested()) == []


@pytest.mark.parametrize(
    "port, expected",
    [
        pytest.param(None, 8000, id="default"),
        pytest.param(9001, 9001, id="requested"),
        pytest.param(0, None, id="any-free"),
    ],
)
@pytest.mark.parametrize("persist", [False, True], ids=["memory", "persist"])
def test_engine_is_published_on_loopback_only(
    port: int | None, expected: int | None, persist: bool
) -> None:
    """DynamoDB Local has no authentication: the one port is bound to 127.0.0.1, always."""
    options = create_options(requested(port=port), "attempt", persist=persist)

    assert {PORT: ("127.0.0.1", expected)} == options["ports"]
    assert {"network_mode", "publish_all_ports", "privileged"}.isdisjoint(options)


@pytest.mark.parametrize(
    "persist, arguments, label, rest",
    [
        pytest.param(False, ["-sharedDb", "-inMemory"], "no", {}, id="memory"),
        pytest.param(
            True,
            ["-sharedDb", "-dbPath", "/home/dynamodblocal/data"],
            "yes",
            {
                "volumes": {f"{NAME}-data": {"bind": "/home/dynamodblocal/data", "mode": "rw"}},
                "user": "root",
            },
            id="persist",
        ),
    ],
)
def test_data_lives_in_memory_or_in_a_named_volume(
    persist: bool, arguments: list[str], label: str, rest: dict[str, Any]
) -> None:
    """-inMemory by default; --persist keeps the data in the volume of that engine."""
    options = create_options(requested(), "attempt", persist=persist)
    command = options["command"]

    assert arguments == command[command.index("DynamoDBLocal.jar") + 1 :]
    own = {LABEL: NAME, LABEL_ATTEMPT: "attempt", LABEL_PERSIST: label, LABEL_SHARED: "yes"}
    assert own == options["labels"]
    assert rest == {key: options[key] for key in ("volumes", "user") if key in options}


def test_an_isolated_engine_keeps_a_database_for_each_key() -> None:
    """Without -sharedDb; and a shared one that runs is not taken for it."""
    options = create_options(requested(shared=False), "attempt", persist=False)

    assert "-sharedDb" not in options["command"]
    assert options["labels"][LABEL_SHARED] == "no"
    with pytest.raises(OsemError, match=r"isolated no \(requested yes\)"):
        decide(found(), requested(shared=False))


@pytest.mark.parametrize(
    "image, expected", [(None, IMAGE), ("mine:1", "mine:1")], ids=["default", "requested"]
)
def test_image_and_name(image: str | None, expected: str) -> None:
    """The requested image, else the default one, under the engine's name."""
    options = create_options(requested(image=image), "attempt", persist=False)

    assert (expected, NAME) == (options["image"], options["name"])


@pytest.mark.parametrize("persist", [False, True])
def test_what_is_made_is_recognised(persist: bool) -> None:
    """The labels of a new container make it ours, and as persistent as was requested."""
    options = create_options(requested(), "attempt", persist=persist)
    snapshot = found(labels=options["labels"])

    assert (True, False, persist) == (
        snapshot.belongs_to(NAME),
        snapshot.belongs_to("another"),
        snapshot.persist,
    )


def test_volume_belongs_to_the_name() -> None:
    """Two engines never share a volume."""
    assert volume_of("a") != volume_of("b")


def inspected(**facts: Any) -> dict[str, Any]:
    """An output of ``docker inspect``."""
    return {
        "Id": "c0ffee",
        "Name": f"/{NAME}",
        "Created": "2026-01-01T00:00:00.123456789Z",
        "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:02.987654321Z"},
        "Config": {"Image": IMAGE, "Labels": {LABEL: NAME}},
        "HostConfig": {"PortBindings": {PORT: [{"HostIp": "127.0.0.1", "HostPort": "8000"}]}},
        "NetworkSettings": {"Ports": {PORT: [{"HostIp": "127.0.0.1", "HostPort": "8000"}]}},
        **facts,
    }


@pytest.mark.parametrize(
    "attrs, port, labels",
    [
        pytest.param(inspected(), 8000, {LABEL: NAME}, id="running"),
        pytest.param(
            inspected(
                HostConfig={"PortBindings": {PORT: [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
                NetworkSettings={"Ports": {PORT: [{"HostIp": "127.0.0.1", "HostPort": "49153"}]}},
            ),
            49153,
            {LABEL: NAME},
            id="any-port-running",
        ),
        pytest.param(
            inspected(
                HostConfig={"PortBindings": {PORT: [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
                NetworkSettings={"Ports": {}},
            ),
            None,
            {LABEL: NAME},
            id="any-port-stopped",
        ),
        pytest.param(inspected(NetworkSettings={"Ports": {}}), 8000, {LABEL: NAME}, id="stopped"),
        pytest.param(
            inspected(NetworkSettings={"Ports": {PORT: None}}), 8000, {LABEL: NAME}, id="exposed"
        ),
        pytest.param(
            inspected(
                HostConfig={"PortBindings": None},
                NetworkSettings={"Ports": None},
                Config={"Image": IMAGE, "Labels": None},
            ),
            None,
            {},
            id="nothing-published-no-labels",
        ),
    ],
)
def test_snapshot_of_an_inspected_container(
    attrs: dict[str, Any], port: int | None, labels: dict[str, str]
) -> None:
    """The published port, else the configured one, else none; missing parts are empty."""
    assert found(id="c0ffee", port=port, labels=labels) == Snapshot.of(attrs)


def test_times_are_in_whole_seconds() -> None:
    """Docker's nanoseconds are cut: the start as ISO 8601, the age in seconds."""
    created = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()

    assert started_at(inspected()) == "2026-01-01T00:00:02+00:00"
    assert age(inspected(), created + 7) == 7
