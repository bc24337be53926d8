"""The container as values: its fate, every refusal, and never beyond this machine."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.engines.base import EngineRequest
from osem_tasks.engines.docker.container import (
    LABEL,
    LABEL_ATTEMPT,
    LABEL_PERSIST,
    LABEL_SHARED,
    PORT,
    Fate,
    Snapshot,
    create_options,
    decide,
    mismatches,
    volume_of,
)
from osem_tasks.errors import ErrorCode, OsemError

NAME = "osem-dynamodb-local"
IMAGE = "amazon/dynamodb-local:3.3.1"


def asked(**facts: Any) -> EngineRequest:
    """A call of ``local.up`` with nothing asked but ``facts``."""
    defaults = {"name": NAME, "default_port": 8000, "default_image": IMAGE, "timeout": 60.0}
    return EngineRequest(**{**defaults, **facts})


def found(status: str = "running", **facts: Any) -> Snapshot:
    """Our container with the default image, in memory, on port 8000."""
    labels = {LABEL: NAME, LABEL_PERSIST: "no"}
    defaults = {"id": "c0ffee" * 10, "name": NAME, "image": IMAGE, "labels": labels, "port": 8000}
    return Snapshot(**{**defaults, "status": status, **facts})


KEPT = {LABEL: NAME, LABEL_PERSIST: "yes"}


@pytest.mark.parametrize(
    "snapshot, request_facts, fate",
    [
        pytest.param(None, {}, Fate.CREATE, id="none"),
        pytest.param(None, {"fresh": True}, Fate.CREATE, id="none-fresh"),
        pytest.param(found(), {}, Fate.REUSE, id="running"),
        pytest.param(
            found(), {"port": 8000, "image": IMAGE, "persist": False}, Fate.REUSE, id="as-asked"
        ),
        pytest.param(found(port=9001), {}, Fate.REUSE, id="running-on-another-port-not-asked"),
        pytest.param(found(port=9001), {"port": 0}, Fate.REUSE, id="running-any-port-asked"),
        pytest.param(found(image="mine:1"), {}, Fate.REUSE, id="running-another-image-not-asked"),
        pytest.param(found(labels=KEPT), {}, Fate.REUSE, id="running-persistent-not-asked"),
        pytest.param(found("restarting"), {}, Fate.REUSE, id="restarting"),
        pytest.param(found("paused"), {}, Fate.UNPAUSE, id="paused"),
        pytest.param(found("exited"), {}, Fate.START, id="exited"),
        pytest.param(found("exited", labels=KEPT), {}, Fate.START, id="exited-persistent"),
        pytest.param(found("exited"), {"port": 9001}, Fate.RECREATE, id="exited-other-port"),
        pytest.param(found("exited"), {"image": "mine:1"}, Fate.RECREATE, id="exited-other-image"),
        pytest.param(found("exited"), {"persist": True}, Fate.RECREATE, id="exited-to-persist"),
        pytest.param(found("created"), {}, Fate.RECREATE, id="never-started"),
        pytest.param(found("dead"), {}, Fate.RECREATE, id="dead"),
        *(
            pytest.param(found(status), {"fresh": True}, Fate.RECREATE, id=f"fresh-{status}")
            for status in ("running", "paused", "exited")
        ),
        pytest.param(
            found(), {"fresh": True, "port": 9001}, Fate.RECREATE, id="fresh-on-another-port"
        ),
    ],
)
def test_fate(snapshot: Snapshot | None, request_facts: dict[str, Any], fate: Fate) -> None:
    """What is found decides, and loses no data unless --fresh was asked for."""
    assert fate is decide(snapshot, asked(**request_facts))


@pytest.mark.parametrize("status", ["running", "paused", "restarting"])
@pytest.mark.parametrize(
    "request_facts, difference",
    [
        pytest.param({"port": 9001}, "port 8000, asked 9001", id="port"),
        pytest.param({"image": "mine:1"}, f"image {IMAGE}, asked mine:1", id="image"),
        pytest.param({"persist": True}, "persist False, asked True", id="persist"),
    ],
)
def test_engine_that_runs_otherwise_is_refused(
    status: str, request_facts: dict[str, Any], difference: str
) -> None:
    """A running engine is not replaced behind the user's back: the difference is named."""
    with pytest.raises(OsemError) as caught:
        decide(found(status), asked(**request_facts))

    assert ErrorCode.ENGINE_UNAVAILABLE is caught.value.code
    assert difference in caught.value.message
    assert "--fresh" in caught.value.remediation


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
        decide(found(labels=labels), asked(fresh=fresh))

    assert ErrorCode.ENGINE_UNAVAILABLE is caught.value.code
    assert f"inv local.up --name {NAME}-2" in caught.value.remediation


def test_all_differences_are_named_at_once() -> None:
    """Image, port and persistence are compared together, each only where asked."""
    request = asked(image="mine:1", port=9001, persist=True)

    assert [
        f"image {IMAGE}, asked mine:1",
        "port 8000, asked 9001",
        "persist False, asked True",
    ] == mismatches(found(), request)
    assert mismatches(found(image="x", port=1, labels=KEPT), asked()) == []


@pytest.mark.parametrize(
    "port, expected",
    [
        pytest.param(None, 8000, id="default"),
        pytest.param(9001, 9001, id="asked"),
        pytest.param(0, None, id="any-free"),
    ],
)
@pytest.mark.parametrize("persist", [False, True], ids=["memory", "persist"])
def test_engine_is_published_on_loopback_only(
    port: int | None, expected: int | None, persist: bool
) -> None:
    """DynamoDB Local has no authentication: the one port is bound to 127.0.0.1, always."""
    options = create_options(asked(port=port), "attempt", persist=persist)

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
    options = create_options(asked(), "attempt", persist=persist)
    command = options["command"]

    assert arguments == command[command.index("DynamoDBLocal.jar") + 1 :]
    own = {LABEL: NAME, LABEL_ATTEMPT: "attempt", LABEL_PERSIST: label, LABEL_SHARED: "yes"}
    assert own == options["labels"]
    assert rest == {key: options[key] for key in ("volumes", "user") if key in options}


def test_an_isolated_engine_keeps_a_database_for_each_key() -> None:
    """Without -sharedDb; and a shared one that runs is not taken for it."""
    options = create_options(asked(shared=False), "attempt", persist=False)

    assert "-sharedDb" not in options["command"]
    assert options["labels"][LABEL_SHARED] == "no"
    with pytest.raises(OsemError, match="shared True, asked False"):
        decide(found(), asked(shared=False))


@pytest.mark.parametrize(
    "image, expected", [(None, IMAGE), ("mine:1", "mine:1")], ids=["default", "asked"]
)
def test_image_and_name(image: str | None, expected: str) -> None:
    """The image that was asked for, else the default one, under the engine's name."""
    options = create_options(asked(image=image), "attempt", persist=False)

    assert (expected, NAME) == (options["image"], options["name"])


@pytest.mark.parametrize("persist", [False, True])
def test_what_is_made_is_recognised(persist: bool) -> None:
    """The labels of a new container make it ours, and as persistent as it was asked to be."""
    options = create_options(asked(), "attempt", persist=persist)
    snapshot = found(labels=options["labels"])

    assert (True, False, persist) == (
        snapshot.is_of(NAME),
        snapshot.is_of("another"),
        snapshot.persist,
    )


def test_volume_belongs_to_the_name() -> None:
    """Two engines never share a volume."""
    assert volume_of("a") != volume_of("b")


def inspected(**facts: Any) -> dict[str, Any]:
    """An answer of ``docker inspect``."""
    return {
        "Id": "c0ffee",
        "Name": f"/{NAME}",
        "State": {"Status": "running"},
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
