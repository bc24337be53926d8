"""Migrations that are killed, or fail, at each of their steps: no item is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import state
from tests.faults.migrations import (
    AFTER,
    BEFORE,
    MOST,
    OLD,
    command,
    held,
    is_kept,
    is_migrated,
    old_table,
    refused,
    renew,
)
from tests.faults.processes import inv_as_process, killed_at_file, too_large_at
from tests.faults.test_data import killed
from tests.support.faulty_aws import Fault, eventually
from tests.support.inv import finished, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv


def continued(cloud: Cloud, inv: Inv, output: Path) -> Iterator[tuple[Any, ...]]:
    """What is wrong after a kill, and after the same command that follows it; then tidy up."""
    if not is_kept(cloud, output):
        yield ("the items were away",)
    run = inv(*command(output), "--json")
    if run.code or not is_migrated(cloud, output):
        yield run.code, run.err
    shutil.rmtree(output, ignore_errors=True)


@pytest.mark.long
@pytest.mark.parametrize("first", [1, 2, 3], ids=["calls 1, 4", "calls 2, 5", "calls 3, 6"])
def test_a_migration_killed_at_any_call_is_continued(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, tmp_path: Path, first: int
) -> None:
    """The same command then gives what an undisturbed run gives; the items are never away."""
    broken: list[Any] = []
    number = first
    while number < MOST:
        renew(cloud)
        output = tmp_path / f"call-{number}"
        cloud.server.arm(Fault("*", "kill", after=number - 1, times=1))
        if not killed(forks, cloud, inv_as_process, ["inv", *command(output)]):
            break
        cloud.server.arm()
        broken += [(number, *what) for what in continued(cloud, inv, output)]
        number += 3

    assert broken == []
    # Identity, descriptions, tags, three reads of two pages, delete, create, two batches.
    assert number > 20


@pytest.mark.long
@pytest.mark.parametrize("first", [1, 2, 3], ids=["1, 4", "2, 5", "3, 6"])
def test_a_migration_killed_at_any_file_is_continued(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, tmp_path: Path, first: int
) -> None:
    """Also between the two copies of the record, and between the dump and the record."""
    broken: list[Any] = []
    number = first
    while number < MOST:
        renew(cloud)
        output = tmp_path / f"file-{number}"
        below = [str(output), str(state.directory())]
        argv = ["inv", *command(output)]
        if not killed(forks, cloud, killed_at_file, argv, number, below):
            break
        broken += [(number, *what) for what in continued(cloud, inv, output)]
        number += 3

    assert broken == []
    assert number > 30


FAULTS: list[dict[str, Any]] = [
    {"kind": "refuse", "code": "AccessDeniedException"},
    {"kind": "refuse", "code": "ExpiredTokenException"},
    {"kind": "lose"},
    {"kind": "empty"},
]


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.get("code", fault["kind"])))
def test_a_migration_that_fails_from_any_call_on_is_continued(
    cloud: Cloud, inv: Inv, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """The error says where things stand; once it is over, the same command completes the work."""
    broken: list[Any] = []
    for number in range(2, MOST, 3):
        renew(cloud)
        output = tmp_path / f"call-{number}"
        cloud.server.arm(Fault("*", after=number, **fault))
        failed = inv(*command(output), "--json", "--timeout", "2")
        if not failed.code:
            break
        error = failed.document["error"]
        if error["code"] == "UNKNOWN_ERROR" or not error["remediation"]:
            broken.append((number, error))
        if failed.code == 2 and str(output) not in failed.document["data"]["state"]:
            broken.append((number, failed.document["data"]["state"]))
        cloud.server.arm()
        broken += [(number, *what) for what in continued(cloud, inv, output)]

    assert broken == []
    assert number > 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_migration_says_where_things_stand(
    teams: Cloud, inv: Inv, tmp_path: Path, number: signal.Signals
) -> None:
    """In one sentence, with how to go on and how to go back."""
    teams.server.arm(Fault("CreateTable", "hang"))
    process = started(*command(tmp_path / "out"), "--json")
    teams.server.await_calls(1, "DeleteTable")
    eventually(lambda: teams.server.of("CreateTable"), "CreateTable")
    process.send_signal(number)
    run = finished(process)
    teams.server.arm()

    assert refused(run) == (130, "INTERRUPTED")
    error = run.document["error"]
    assert error["message"].startswith(
        "Interrupted. osem-dev-Teams is deleted; its 30 items of before are in "
    )
    assert error["remediation"].startswith("Run the same command again")
    assert "declare the key id S again" in error["remediation"]
    assert inv(*command(tmp_path / "out")).code == 0
    assert is_migrated(teams, tmp_path / "out")


@pytest.mark.parametrize("most", [10, 500, 1500])
def test_a_full_disk_stops_it_before_anything_is_deleted(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, most: int
) -> None:
    """With space, the same command completes the work."""
    output = tmp_path / "out"
    argv = ["inv", *command(output)]
    process = forks.Process(target=too_large_at, args=(dict(os.environ), argv, most, os.devnull))
    process.start()
    process.join()

    assert process.exitcode == 1
    assert held(teams) == BEFORE
    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


@pytest.mark.long
def test_a_second_table_killed_at_any_call_is_continued(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """The old table is as it was; the same command completes the new one."""
    broken: list[Any] = []
    for number in range(2, MOST, 3):
        cloud.clear()
        old_table(cloud, OLD, env="prod")
        output = tmp_path / f"call-{number}"
        argv = command(output, "--to", "osem-prod-Teams2", "--force", env="prod")
        cloud.server.arm(Fault("*", "kill", after=number - 1, times=1))
        if not killed(forks, cloud, inv_as_process, ["inv", *argv]):
            break
        cloud.server.arm()
        run = inv(*argv, "--json")
        found = held(cloud, "osem-prod-Teams"), held(cloud, "osem-prod-Teams2")
        if run.code or found != (BEFORE, AFTER):
            broken.append((number, run.err))

    assert broken == []
    assert number > 15
