"""Every fault of ``cases``: its exit code, its error code, its words, and the run after it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import host as ports
from tests.faults.bench import Bench, words_of
from tests.faults.cases import CASES
from tests.faults.cases.case import ALL_WELL, PROD, SIX, Case
from tests.faults.cases.credentials import CREDENTIAL_CASES
from tests.faults.conftest import ITEM, Cloud
from tests.support.docker_daemon import docker_daemon
from tests.support.faulty_aws import Fault, Plane
from tests.support.inv import Inv, Run, finished, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The Docker SDK leaves its socket open where nothing answers.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

FOREVER = 1e9
SIMULTANEOUS = (
    Plane().words,
    "There is a limit to the number of tables that can be created simultaneously",
    "You have exceeded the maximum number of indexed tables that can be created simultaneously",
)


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, cloud: Cloud, inv: Inv, tmp_path: Path
) -> Iterator[Bench]:
    """The case of the test's parameter."""
    case: Case = request.param
    closed = f"127.0.0.1:{ports.free_port()}"
    with docker_daemon(case.routes) as daemon:
        yield Bench(case, cloud, inv, tmp_path, words_of(cloud, tmp_path, daemon, closed))


# Where secrets are at hand, and where the log of calls has most to tell.
SECRETIVE = [*CREDENTIAL_CASES, *(each for each in CASES if each.argv is PROD)]
by_case = pytest.mark.parametrize("bench", CASES, indirect=True, ids=str)


@by_case
def test_a_fault_is_told_to_programs(bench: Bench) -> None:
    """One JSON document, the contract's codes, an exact account; afterwards all is well."""
    case = bench.case

    run = bench.run("--json")

    error = run.document["error"]
    assert (run.code, run.error) == (case.exit, case.error)
    assert bool(error) == ("→" in run.err)
    assert error is None or (error["message"] and error["remediation"])
    assert case.account is None or run.account == {
        key: list(names) for key, names in case.account.items()
    }
    assert "Traceback" not in run.out + run.err
    assert _leaks(run) == []
    assert bench.again() == [(0, None)] * (3 if case.env == "local" else 2)
    assert (ITEM if case.existing else None) == bench.cloud.item(case.env)


@by_case
def test_a_fault_is_told_to_people(bench: Bench) -> None:
    """What happened, to what, and what to type next; on stderr, without a traceback."""
    case = bench.case

    run = bench.run()

    assert case.exit == run.code
    assert [each for each in map(bench.filled, case.says) if each not in run.err] == []
    remedies = [line for line in run.err.splitlines() if line.startswith("  → ")]
    assert len(remedies) == (1 if case.error else 0)
    assert case.remedy in "".join(remedies)
    assert f"✗ {case.error}: " in run.err or case.error is None
    assert "Traceback" not in run.out + run.err
    assert _leaks(run) == []


@pytest.mark.parametrize("bench", SECRETIVE, indirect=True, ids=str)
def test_no_secret_is_told_to_anybody(bench: Bench) -> None:
    """`--verbose` shows calls and may show tracebacks, and still no secret and no token."""
    assert _leaks(bench.run("--verbose")) == []


def _leaks(run: Run) -> list[str]:
    return [line for line in (run.out + run.err).splitlines() if "FAKESECRET" in line]


def test_every_error_code_has_a_cause() -> None:
    """Each code of the contract is brought about by a fault; INTERRUPTED by the tests below."""
    from osem_tasks.errors import ErrorCode

    caused = {case.error for case in CASES if case.error} | {"INTERRUPTED"}
    assert {each.value for each in ErrorCode} == caused


STOPS = [signal.SIGINT, signal.SIGTERM]
SLOW = Plane(creating=FOREVER)


@pytest.mark.parametrize("number", STOPS, ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["people", "programs"])
def test_an_interrupted_wait_tells_what_was_done(
    cloud: Cloud, inv: Inv, number: signal.Signals, form: tuple[str, ...]
) -> None:
    """130, the account of what was accepted, no traceback; the next run carries on."""
    run = _interrupted(cloud, number, "db.setup", "--env", "dev", *form)

    assert run.code == 130
    assert "Traceback" not in run.out + run.err
    assert ("INTERRUPTED" in run.err, "  → " in run.err) == (True, True)
    assert _leaks(run) == []
    if form:
        everything = {key: list(names) for key, names in ALL_WELL.items()}
        assert (run.error, run.account) == ("INTERRUPTED", everything)
        states = {row["status"] for row in run.document["data"]["tablesCreated"]}
        assert states == {"CREATING"}
    else:
        assert [each for each in SIX if f"osem-dev-{each}" not in run.out] == []
        assert run.out.count("CREATING, not waited for") == 5
        assert "5 created (5 not waited for), 1 verified" in run.out
    assert [inv(each, "--env", "dev").code for each in ("db.setup", "db.verify")] == [0, 0]
    assert cloud.item("dev") == ITEM


def _interrupted(
    cloud: Cloud, number: signal.Signals, *words: str, fault: Fault | None = None
) -> Run:
    """`inv`, as a process, sent a signal once five tables are CREATING; then no fault holds."""
    cloud.hold("dev", "Users")
    cloud.server.arm(*([fault] if fault else []), plane=SLOW)
    process = started(*words)
    cloud.server.await_calls(5, "CreateTable")
    if fault is None:
        # Six readings before anything is sent, five of a first look at what was asked for.
        cloud.server.await_calls(11, "DescribeTable")
    process.send_signal(number)
    run = finished(process)
    cloud.server.arm()
    return run


def test_a_request_under_way_is_not_told_as_not_attempted(cloud: Cloud, inv: Inv) -> None:
    """Interrupted before CreateTable's answer, the account must not deny the request."""
    fault = Fault("CreateTable", "hang after", table="ConfigVersions")

    run = _interrupted(cloud, signal.SIGINT, "db.setup", "--env", "dev", "--json", fault=fault)

    assert (run.code, run.error) == (130, "INTERRUPTED")
    assert "ConfigVersions" not in run.account["NotAttempted"]
    assert inv("db.setup", "--env", "dev").code == 0


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_two_setups_at_once_both_succeed(cloud: Cloud, inv: Inv, env: str) -> None:
    """Each table is created by exactly one of two runs that both found nothing."""
    # Neither is told that Users is missing before both have asked.
    fault = Fault("DescribeTable", "meet", times=2, table="Users")
    cloud.server.arm(fault, plane=Plane(creating=0.3))

    both = [started("db.setup", "--env", env, "--force", "--json") for _ in range(2)]
    runs = [finished(each) for each in both]

    assert [(each.code, each.error) for each in runs] == [(0, None)] * 2
    created = [name for each in runs for name in each.account["Created"]]
    assert sorted(created) == sorted(SIX)
    assert inv("db.verify", "--env", env, "--force").code == 0


@pytest.mark.parametrize("words", SIMULTANEOUS)
def test_four_setups_at_once_within_a_limit_all_succeed(cloud: Cloud, inv: Inv, words: str) -> None:
    """Where only two tables may be CREATING, every run waits for the others' tables."""
    cloud.server.arm(plane=Plane(creating=0.4, simultaneous=2, words=words))

    four = [started("db.setup", "--env", "dev", "--json") for _ in range(4)]
    runs = [finished(process) for process in four]

    assert [(run.code, run.error) for run in runs] == [(0, None)] * 4
    created = [name for run in runs for name in run.account["Created"]]
    assert sorted(created) == sorted(SIX)
    assert inv("db.verify", "--env", "dev").code == 0
