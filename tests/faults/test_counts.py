"""How many calls a task makes: what keeps it fast on any machine. Timings are in ``benchmarks``."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from osem_tasks.config.settings import Settings
from osem_tasks.declarations.osem import TABLES
from osem_tasks.engines import records, registry
from osem_tasks.engines.docker.container import LABEL, LABEL_ATTEMPT
from osem_tasks.schema import emulators
from osem_tasks.schema.emulators import Isolation
from osem_tasks.testing import Server
from osem_tasks.waiting import policy
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import ENGINE_POLL, POLL, Pauses, Policy
from osem_tasks.waiting.wait import Backoff, poll
from tests.faults.cases.case import SIX
from tests.support.docker_daemon import CONTAINER, Routes, docker_daemon
from tests.support.fake_engines import fake_dynamodb
from tests.support.still_clock import still_clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

NAME, IMAGE = "osem-fault", "amazon/dynamodb-local:3.3.1"
# Who is that: the variables of the shell lead DynamoDB and STS to a server that is not AWS's.
WHO = {"ListTables": 2, "GetCallerIdentity": 1}
READ = {**WHO, "DescribeTable": 6, "ListTagsOfResource": 6}
# A call that is made again because a busy machine answers late counts for nothing.
PATIENT = Policy(read=30.0, connect=30.0, docker_call=30.0, calls_per_second={})
READ_PROD = {**READ, "DescribeContinuousBackups": 6}


def counted(calls: Iterable[str], allowed: Mapping[str, int]) -> None:
    """Fail with the list of all calls if their counts are not the ``allowed`` ones."""
    listed = list(calls)
    found = Counter(call.split()[0] for call in listed)
    wrong = {
        name: f"{found[name]} instead of {allowed.get(name, 0)}"
        for name in sorted({*found, *allowed})
        if found[name] != allowed.get(name, 0)
    }
    assert not wrong, "\n".join([f"{wrong}, in:", *listed])


def api_calls(cloud: Cloud) -> list[str]:
    """Every call that the account has got, with its table."""
    return [f"{call.operation} {call.table}" for call in cloud.server.calls]


@pytest.mark.parametrize(
    "words, existing, allowed",
    [
        pytest.param(
            ("db.setup", "--env", "dev"),
            (),
            {**WHO, "DescribeTable": 12, "CreateTable": 6},
            id="setup-fresh",
        ),
        pytest.param(
            ("db.setup", "--env", "prod", "--force"),
            (),
            {
                **WHO,
                "DescribeTable": 18,
                "CreateTable": 6,
                "UpdateContinuousBackups": 6,
            },
            id="setup-fresh-prod",
        ),
        pytest.param(("db.setup", "--env", "dev"), SIX, READ, id="setup-again"),
        pytest.param(("db.setup", "--env", "prod", "--force"), SIX, READ_PROD, id="again-prod"),
        pytest.param(("db.setup", "--env", "dev", "--dry-run"), SIX, READ, id="setup-dry"),
        pytest.param(("db.verify", "--env", "dev"), SIX, READ, id="verify"),
        pytest.param(("db.verify", "--env", "prod", "--force"), SIX, READ_PROD, id="verify-prod"),
        pytest.param(
            ("db.verify", "--env", "dev", "--table", "Users"),
            SIX,
            {**WHO, "DescribeTable": 1, "ListTagsOfResource": 1},
            id="verify-one",
        ),
        pytest.param(("db.repair", "--env", "dev"), SIX, READ, id="repair-nothing"),
        pytest.param(("db.list", "--env", "dev"), SIX, {**READ, "ListTables": 3}, id="list"),
    ],
)
def test_api_calls_of_a_task(
    cloud: Cloud,
    inv: Inv,
    words: tuple[str, ...],
    existing: tuple[str, ...],
    allowed: Mapping[str, int],
) -> None:
    """One call for each table and each declared fact that needs its own, and none twice.

    A setup reads what it has created once more, where no reading has shown it ready.
    """
    cloud.hold(words[2], *existing)
    cloud.server.arm()

    with policy.using(PATIENT):
        run = inv(*words)

    assert run.code == 0, run.err
    counted(api_calls(cloud), allowed)


@pytest.mark.parametrize(
    "isolation, setup, release",
    [
        pytest.param(Isolation.ACCESS_KEY, {"CreateTable": 6}, {}, id="a-key"),
        pytest.param(Isolation.ACCOUNT, {"AssumeRole": 1, "CreateTable": 6}, {}, id="an-account"),
        pytest.param(
            Isolation.TABLE_PREFIX,
            {"CreateTable": 6},
            {"DescribeTable": 12, "DeleteTable": 6},
            id="a-prefix",
        ),
    ],
)
def test_api_calls_of_an_isolated_database(
    cloud: Cloud, isolation: Isolation, setup: Mapping[str, int], release: Mapping[str, int]
) -> None:
    """Nothing is read where nothing can be, and only tables of a shared database are deleted."""
    cloud.server.role = "moto"
    server = Server(cloud.server.url, isolation, emulators.MOTO)
    settings = Settings.read({}, {}, engines=registry.choices())

    with policy.using(PATIENT):
        database = server.database()
        database.setup(settings, TABLES)
        counted(api_calls(cloud), setup)

        cloud.server.arm()
        server.release(database)
        counted(api_calls(cloud), release)


def container(endpoint: str, labels: Mapping[str, str]) -> dict[str, object]:
    """Our container as the daemon shows it, where DynamoDB answers at ``endpoint``."""
    return {
        **CONTAINER,
        "State": {"Status": "running", "StartedAt": "2026-01-01T00:00:00.5Z"},
        "Config": {"Image": IMAGE, "Labels": dict(labels), "Tty": False},
        "NetworkSettings": {"Ports": {"8000/tcp": [{"HostPort": str(urlsplit(endpoint).port)}]}},
    }


DOCKER: tuple[tuple[str, str], ...] = (
    ("version", "GET /version"),
    ("list", "GET .*/containers/json"),
    ("find", f"GET .*/containers/{NAME}/json"),
    ("inspect", "GET .*/containers/c0ffee.*/json"),
    ("image", "GET .*/images/.*/json"),
    ("volume", "GET .*/volumes/.*"),
    ("create", "POST .*/containers/create"),
    ("start", "POST .*/start"),
    ("stop", "POST .*/stop"),
    ("remove", "DELETE .*"),
)


def docker_calls(requests: Iterable[str]) -> list[str]:
    """Every request to Docker, with its short name before it."""
    return [
        f"{next((n for n, route in DOCKER if re.fullmatch(route, request)), '?')} {request}"
        for request in requests
    ]


@pytest.fixture(autouse=True)
def _no_engine() -> None:
    """No test finds the engine of another one."""
    records.erase(NAME)


@pytest.mark.parametrize(
    "words, runs, allowed",
    [
        pytest.param(
            ("local.up", "--engine", "docker"),
            False,
            {
                "version": 1,
                "list": 1,
                "find": 1,
                "image": 1,
                "volume": 1,
                "create": 1,
                "start": 1,
                "inspect": 2,
            },
            id="up-from-nothing",
        ),
        pytest.param(
            ("local.up", "--engine", "docker"),
            True,
            {"version": 1, "list": 1, "inspect": 1},
            id="up-again",
        ),
        pytest.param(
            ("local.down",),
            True,
            {"version": 1, "list": 1, "inspect": 1, "stop": 1, "remove": 1},
            id="down",
        ),
    ],
)
def test_docker_calls_of_a_task(
    inv: Inv,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    runs: bool,
    allowed: Mapping[str, int],
) -> None:
    """A container is asked for once, and its state only while it does not answer."""
    requests: list[str] = []
    routes: Routes = {f"GET .*/containers/{NAME}/json": (404, {"message": "none"})}
    with fake_dynamodb() as endpoint, docker_daemon(routes, requests) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        ours = container(endpoint, {LABEL: NAME, LABEL_ATTEMPT: "1"})
        routes["GET .*/containers/c0ffee.*/json"] = (200, ours)
        routes["POST .*/stop"] = (204, "")
        with policy.using(PATIENT):
            if runs:
                assert inv.plain("local.up", "--name", NAME, "--engine", "docker").code == 0
                routes["GET .*/containers/json"] = (200, [{"Id": CONTAINER["Id"]}])
                requests.clear()
            run = inv.plain(words[0], "--name", NAME, *words[1:])

    assert run.code == 0, run.err
    counted(docker_calls(requests), allowed)


@pytest.mark.parametrize(
    "pauses, seconds, looks, late",
    [
        pytest.param(ENGINE_POLL, 2.0, 75, 0.03, id="an-engine-2-s"),
        pytest.param(POLL, 2.0, 8, 0.5, id="a-table-2-s"),
        pytest.param(POLL, 60.0, 125, 0.5, id="a-table-60-s"),
        pytest.param(policy.RETRY, 60.0, 30, 10.0, id="throttled-60-s"),
    ],
)
def test_how_many_looks_a_wait_needs(
    pauses: Pauses, seconds: float, looks: int, late: float
) -> None:
    """Few enough for a server, and close enough for who waits; on a clock of the test's own."""
    with still_clock() as clock:
        times: list[float] = []

        def ended() -> bool:
            times.append(clock.now())
            return times[-1] >= seconds

        assert poll(ended, bool, Deadline(1_000), Backoff(pauses))

    assert len(times) <= looks, times
    assert times[-1] <= seconds + late + 0.1, times


def test_a_container_that_does_not_answer_is_inspected_now_and_then() -> None:
    """Its state is asked for less often than its answer."""
    assert Policy().inspect >= 5 * Policy().engine_poll.longest
