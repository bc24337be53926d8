"""Each step of dump, load, copy and seed fails in turn; then the same command ends the work."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import state
from tests.faults.processes import DISK_FULL, READ_ONLY, failing_at_file, too_large_at
from tests.faults.test_data import (
    MOST,
    SOURCE,
    TARGET,
    WANTED,
    dump_of,
    dumped,
    in_dump,
    in_table,
    is_whole_dump,
    load_of,
    renew,
    teams,
)
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

__all__ = ["dumped", "teams"]
# Each stops a command: nothing is waited for.
DENIED = {"kind": "refuse", "code": "AccessDeniedException"}
TEAMS = ("--table", "Teams")


def command_of(task: str, dumped: Path, output: Path) -> list[str]:
    """The command of a task that moves the items of Teams."""
    return {
        "db.dump": dump_of(output),
        "db.load": load_of(dumped),
        "db.copy": ["db.copy", "--from", "dev", "--env", "staging", "--yes", *TEAMS],
        "db.seed": ["db.seed", "--env", "staging", *TEAMS],
    }[task]


@pytest.mark.long
@pytest.mark.parametrize("task", ["db.dump", "db.load", "db.copy", "db.seed"])
def test_any_request_may_be_refused(
    teams: Cloud, inv: Inv, dumped: Path, tmp_path: Path, task: str
) -> None:
    """Refused from the n-th request on, a command says so; the same one then ends the work."""
    broken: list[Any] = []
    for number in range(1, MOST):
        renew(teams)
        command = command_of(task, dumped, tmp_path / f"out-{number}")
        teams.server.arm(Fault("*", after=number - 1, **DENIED))  # type: ignore[arg-type]
        failed = inv(*command, "--json")
        teams.server.arm()
        if not failed.code:
            break
        again = inv(*command, "--json")
        told = failed.document["error"]
        if told["code"] != "AWS_PERMISSIONS_DENIED" or not told["remediation"] or again.code:
            broken.append((number, told, again.err))
        if task in {"db.load", "db.copy"} and in_table(teams, TARGET) != WANTED:
            broken.append((number, "items"))
        if task == "db.dump" and in_dump(tmp_path / f"out-{number}") != WANTED:
            broken.append((number, "items"))
        if (
            task == "db.seed"
            and len(in_table(teams, TARGET)) != again.document["data"]["totalItems"]
        ):
            broken.append((number, "items"))

    assert broken == []
    # An identity, a description, and what reads or writes items, at the least.
    assert number > 3
    assert in_table(teams, SOURCE) == WANTED


def run_failing(
    forks: ForkServerContext, target: Any, argv: list[str], *arguments: Any
) -> int | None:
    """The exit code of a task in a process whose files fail."""
    process = forks.Process(target=target, args=(dict(os.environ), argv, *arguments))
    process.start()
    process.join()
    return process.exitcode


def error_in(told: Path) -> Any:
    """The error in the document of a task whose stdout and stderr went to one file."""
    lines = told.read_text(encoding="utf-8").splitlines()
    (document,) = [json.loads(line) for line in lines if line.startswith("{")]
    return document["error"]


@pytest.mark.long
@pytest.mark.parametrize("code", [DISK_FULL, READ_ONLY], ids=["disk full", "read-only"])
def test_no_file_of_a_dump_can_be_written(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, code: int
) -> None:
    """From any file operation on: one sentence with the path; with space again, it is continued."""
    broken: list[Any] = []
    told = tmp_path / "told.json"
    for number in range(1, MOST):
        output = tmp_path / f"out-{number}"
        argv = ["inv", *dump_of(output), "--json"]
        failed = run_failing(forks, failing_at_file, argv, number, [str(output)], code, str(told))
        if failed == 0:
            break
        error = error_in(told)
        expected = (1, "INVALID_CONFIGURATION", True)
        if (failed, error["code"], str(output) in error["message"]) != expected:
            broken.append((number, failed, error))
        if not is_whole_dump(inv(*dump_of(output)), output):
            broken.append((number, "not continued"))

    assert broken == []
    assert number > 12
    assert teams.server.of("Scan")


@pytest.mark.parametrize("size", [0, 100, 3_000, 9_000])
def test_a_disk_fills_in_the_midst_of_a_dump(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, size: int
) -> None:
    """A write that the file system takes in part leaves a dump that is continued."""
    output, told = tmp_path / "out", tmp_path / "told.json"
    teams.server.forget()

    failed = run_failing(forks, too_large_at, ["inv", *dump_of(output)], size, os.devnull)

    assert failed == 1
    assert is_whole_dump(inv(*dump_of(output)), output)
    assert not told.exists()


@pytest.mark.long
def test_the_record_of_a_load_cannot_be_written(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path, tmp_path: Path
) -> None:
    """A full disk at the state directory is said with its path; the next load ends the work."""
    broken: list[Any] = []
    told = tmp_path / "told.json"
    for number in range(1, MOST):
        renew(teams)
        argv, below = ["inv", *load_of(dumped), "--json"], [str(state.directory())]
        failed = run_failing(forks, failing_at_file, argv, number, below, DISK_FULL, str(told))
        error = error_in(told)
        if failed == 0:
            break
        if error["code"] == "UNKNOWN_ERROR" or not error["remediation"]:
            broken.append((number, failed, error))
        if (inv(*load_of(dumped)).code, in_table(teams, TARGET)) != (0, WANTED):
            broken.append((number, "items"))

    assert broken == []
    assert number > 1
