"""Dumps and loads on an AWS that fails, and in processes that are killed: nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.data import codec, exports, lines
from osem_tasks.engines import state
from tests.faults.processes import inv_as_process, killed_at_file
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

SOURCE, TARGET = "osem-dev-Teams", "osem-staging-Teams"


def text_of(number: int) -> str:
    """A text of an item's own, which no compression makes much shorter."""
    return "".join(hashlib.sha512(bytes([number, part])).hexdigest() for part in range(3))


# Three pages, and three batches.
ITEMS = [
    {
        "teamId": {"S": f"t-{number:03}"},
        "managerId": {"S": str(number % 7)},
        "text": {"S": text_of(number)},
        "n": {"N": "1" * (1 + number % 38)},
    }
    for number in range(60)
]
MOST = 200


@pytest.fixture
def teams(cloud: Cloud) -> Cloud:
    """An account with full Teams in dev, and empty ones in staging."""
    for environment in ("dev", "staging"):
        cloud.hold(environment, "Teams")
    fill(cloud, SOURCE)
    return cloud


def fill(cloud: Cloud, table: str) -> None:
    """Put all items into a table."""
    for first in range(0, len(ITEMS), 25):
        puts: list[Any] = [{"PutRequest": {"Item": item}} for item in ITEMS[first : first + 25]]
        cloud.client().batch_write_item(RequestItems={table: puts})


def in_table(cloud: Cloud, table: str) -> list[str]:
    """The items of a table, in an order of their own."""
    pages = cloud.client().get_paginator("scan").paginate(TableName=table)
    found: list[Any] = [item for page in pages for item in page["Items"]]
    return sorted(map(codec.canonical, found))


def in_dump(folder: Path) -> list[str]:
    """The items of the one dump in a folder, checked as a load checks them."""
    (path,) = exports.find(folder)
    export = exports.read(path)
    exports.check(export)
    return sorted(codec.canonical(read.item) for read in lines.items(export))


WANTED = sorted(map(codec.canonical, ITEMS))


def dump_of(output: Path) -> list[str]:
    """The command that dumps Teams of dev."""
    return ["db.dump", "--env", "dev", "--table", "Teams", "--output", str(output)]


def load_of(folder: Path) -> list[str]:
    """The command that loads Teams of staging."""
    return ["db.load", "--env", "staging", "--table", "Teams", "--input", str(folder)]


@pytest.fixture
def dumped(teams: Cloud, inv: Inv, tmp_path: Path) -> Path:
    """A complete dump of Teams."""
    output = tmp_path / "dumped"
    assert inv(*dump_of(output)).code == 0
    teams.server.forget()
    return output


def thrown(code: str) -> dict[str, Any]:
    """A refusal that passes."""
    return {"kind": "refuse", "code": code, "times": 5}


PASSING: list[dict[str, Any]] = [
    thrown("ProvisionedThroughputExceededException"),
    thrown("ThrottlingException"),
    thrown("RequestLimitExceeded"),
    {"kind": "refuse", "code": "InternalServerError", "status": 500, "times": 2},
    {"kind": "lose", "times": 2},
    {"kind": "reset", "times": 2},
    {"kind": "cut", "times": 1},
    {"kind": "empty", "times": 1},
    {"kind": "short", "times": 1},
    {"kind": "say", "message": "<html>busy</html>", "times": 1},
]


def named(fault: dict[str, Any]) -> str:
    """The name of a case."""
    return str(fault.get("code", fault["kind"]))


@pytest.mark.parametrize("after", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_dump_outlives_what_passes(
    teams: Cloud, inv: Inv, tmp_path: Path, fault: dict[str, Any], after: int
) -> None:
    """Throttled, lost, cut and empty answers to Scan cost no item and double none."""
    teams.server.arm(Fault("Scan", after=after, **fault))

    run = inv(*dump_of(tmp_path / "out"), "--json")

    assert (run.code, in_dump(tmp_path / "out")) == (0, WANTED), run.err


@pytest.mark.parametrize("after", [0, 2], ids=["first", "last"])
@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_load_outlives_what_passes(
    teams: Cloud, inv: Inv, dumped: Path, fault: dict[str, Any], after: int
) -> None:
    """Throttled, lost, cut and empty answers to BatchWriteItem cost no item."""
    teams.server.arm(Fault("BatchWriteItem", after=after, **fault))

    run = inv(*load_of(dumped), "--json")

    assert (run.code, in_table(teams, TARGET)) == (0, WANTED), run.err


LASTING: list[tuple[dict[str, Any], str]] = [
    ({"kind": "refuse", "code": "AccessDeniedException"}, "AWS_PERMISSIONS_DENIED"),
    ({"kind": "refuse", "code": "ExpiredTokenException"}, "AWS_CREDENTIALS_INVALID"),
    ({"kind": "refuse", "code": "ResourceNotFoundException"}, "TABLE_NOT_FOUND"),
    ({"kind": "lose"}, "NETWORK_ERROR"),
    ({"kind": "empty"}, "NETWORK_ERROR"),
    ({"kind": "refuse", "code": "ProvisionedThroughputExceededException"}, "THROTTLED"),
]


@pytest.mark.parametrize("fault, code", LASTING, ids=str)
@pytest.mark.parametrize("operation", ["Scan", "BatchWriteItem"])
def test_what_lasts_is_said_and_the_same_command_continues(  # noqa: PLR0917  cases and fixtures
    teams: Cloud,
    inv: Inv,
    dumped: Path,
    tmp_path: Path,
    operation: str,
    fault: dict[str, Any],
    code: str,
) -> None:
    """The error has its code and a remedy; once it is over, the same command completes the work."""
    scans = operation == "Scan"
    command = dump_of(tmp_path / "out") if scans else load_of(dumped)
    teams.server.arm(Fault(operation, after=1, **fault))

    failed = inv(*command, "--json", "--timeout", "2")
    teams.server.arm()
    again = inv(*command, "--json")

    assert (failed.error, failed.code) == (code, 1 if scans else 2), failed.err
    assert failed.document["error"]["remediation"]
    assert again.code == 0, again.err
    assert (in_dump(tmp_path / "out") if scans else in_table(teams, TARGET)) == WANTED


def killed(context: ForkServerContext, cloud: Cloud, target: Any, *arguments: Any) -> bool:
    """Whether a process was killed; it must end well otherwise."""
    process = context.Process(target=target, args=(dict(os.environ), *arguments))
    process.start()
    assert process.pid
    if not cloud.server.victim.done():
        cloud.server.victim.set_result(process.pid)
    process.join()
    code = process.exitcode
    assert code in (0, -signal.SIGKILL)
    return code == -signal.SIGKILL


def call_kills(cloud: Cloud, number: int) -> None:
    """Have the call ``number`` kill its sender, after it is carried out."""
    cloud.server.arm(Fault("*", "kill", after=number - 1, times=1))


def is_whole_dump(run: Run, output: Path) -> bool:
    """Whether a dump is as one that nothing disturbed, with no more files."""
    names = {path.name for path in (output / "Teams").rglob("*") if path.is_file()}
    expected = {
        "00000.json.gz",
        "manifest-files.checksum",
        "manifest-files.json",
        "manifest-summary.checksum",
        "manifest-summary.json",
    }
    left = {name for name in names - expected if not name.endswith(".tmp")}
    return (run.code, in_dump(output), left) == (0, WANTED, set())


def test_a_dump_killed_at_any_call_is_continued(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """The same command then gives what an undisturbed run gives."""
    broken = []
    for number in range(1, MOST):
        output = tmp_path / f"call-{number}"
        call_kills(teams, number)
        if not killed(forks, teams, inv_as_process, ["inv", *dump_of(output)]):
            break
        teams.server.arm()
        if not is_whole_dump(inv(*dump_of(output)), output):
            broken.append(number)

    assert broken == []
    # Identity, a description, three pages.
    assert number > 5


@pytest.mark.long
def test_a_dump_killed_at_any_file_is_continued(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """Also between a page and its note, and between the manifests."""
    broken = []
    for number in range(1, MOST):
        output = tmp_path / f"file-{number}"
        argv = ["inv", *dump_of(output)]
        if not killed(forks, teams, killed_at_file, argv, number, [str(output)]):
            break
        if not is_whole_dump(inv(*dump_of(output)), output):
            broken.append(number)
        shutil.rmtree(output, ignore_errors=True)

    assert broken == []
    # Folders, journal, data file, four manifests and their drafts.
    assert number > 12


@pytest.mark.parametrize("first", [1, 2], ids=["odd calls", "even calls"])
def test_a_load_killed_at_any_call_is_continued(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path, first: int
) -> None:
    """The same command then leaves what an undisturbed run leaves."""
    broken = []
    number = first
    while number < MOST:
        renew(teams)
        call_kills(teams, number)
        if not killed(forks, teams, inv_as_process, ["inv", *load_of(dumped)]):
            break
        teams.server.arm()
        run = inv(*load_of(dumped))
        if (run.code, in_table(teams, TARGET)) != (0, WANTED):
            broken.append((number, run.err))
        number += 2

    assert broken == []
    # Identity, a description, a count, three batches, a count.
    assert number > 7


def renew(cloud: Cloud) -> None:
    """Have the target table empty, as one of the same name."""
    cloud.client().delete_table(TableName=TARGET)
    cloud.hold("staging", "Teams")


def test_a_killed_load_of_a_table_that_was_made_anew_begins_anew(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path
) -> None:
    """What was written is gone with the old table, so that nothing is left out."""
    teams.server.arm(Fault("BatchWriteItem", "kill", after=2, times=1))
    assert killed(forks, teams, inv_as_process, ["inv", *load_of(dumped)])
    teams.server.arm()
    renew(teams)

    run = inv(*load_of(dumped), "--json")

    assert (run.code, in_table(teams, TARGET)) == (0, WANTED)
    assert run.document["data"]["tablesLoaded"][0]["continued"] == 0


@pytest.mark.long
def test_a_load_killed_at_its_records_is_continued(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path
) -> None:
    """A kill in the midst of a record in the state directory costs work, no item."""
    for number in range(1, MOST):
        renew(teams)
        argv = ["inv", *load_of(dumped)]
        if not killed(forks, teams, killed_at_file, argv, number, [str(state.directory())]):
            break
        assert inv(*load_of(dumped)).code == 0
        assert in_table(teams, TARGET) == WANTED

    assert number > 3


RECORDS = (
    b"{",
    b"[]",
    b'{"before":-1,"files":[]}',
    b'{"before":0,"files":[[0,999]]}',
    b'{"before":0,"files":[[7,1]]}',
    b'{"before":0,"files":[[0]]}',
)


@pytest.mark.parametrize("content", RECORDS, ids=bytes.decode)
def test_a_record_of_a_load_that_does_not_fit_is_passed_over(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path, content: bytes
) -> None:
    """Whatever an editor or a full disk made of it, every item is written."""
    record_of_killed_load(forks, teams, dumped).write_bytes(content)

    run = inv(*load_of(dumped))

    assert (run.code, in_table(teams, TARGET)) == (0, WANTED)


def test_a_record_of_a_load_that_lies_is_found_out(
    forks: ForkServerContext, teams: Cloud, inv: Inv, dumped: Path
) -> None:
    """The count after the load shows what is missing, and the next load writes all of it."""
    lie = b'{"before":0,"files":[[0,60]]}'
    record_of_killed_load(forks, teams, dumped).write_bytes(lie)
    teams.client().delete_item(TableName=TARGET, Key={"teamId": ITEMS[0]["teamId"]})

    found, again = inv(*load_of(dumped), "--json"), inv(*load_of(dumped), "--json")

    assert (found.code, found.error) == (2, "SCHEMA_VALIDATION_FAILED")
    assert (again.code, in_table(teams, TARGET)) == (0, WANTED)


def record_of_killed_load(forks: ForkServerContext, cloud: Cloud, dumped: Path) -> Path:
    """The record that a load left which was killed at its third batch."""
    cloud.server.arm(Fault("BatchWriteItem", "kill", after=2, times=1))
    assert killed(forks, cloud, inv_as_process, ["inv", *load_of(dumped)])
    cloud.server.arm()
    (record,) = state.directory().glob("load-*")
    return record


def test_a_table_that_was_made_anew_is_dumped_anew(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """The pages of the old table are not part of the dump of the new one."""
    teams.server.arm(Fault("Scan", "kill", after=2, times=1))
    assert killed(forks, teams, inv_as_process, ["inv", *dump_of(tmp_path / "out")])
    teams.server.arm()
    teams.client().delete_table(TableName=SOURCE)
    teams.hold("dev", "Teams")
    teams.client().put_item(TableName=SOURCE, Item=ITEMS[-1])

    run = inv(*dump_of(tmp_path / "out"))

    assert (run.code, in_dump(tmp_path / "out")) == (0, [codec.canonical(ITEMS[-1])])


def spoil_data(data: Path, damage: str) -> bool:
    """Damage a data file of a dump; False if it is not what is to be damaged."""
    if damage == "cut":
        data.write_bytes(data.read_bytes()[:-9])
    elif damage == "changed":
        content = bytearray(data.read_bytes())
        content[len(content) // 2] ^= 1
        data.write_bytes(content)
    elif damage == "gone":
        data.unlink()
    else:
        return False
    return True


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "journal cut", "journal rubbish"])
def test_an_unfinished_dump_that_was_damaged_is_mended(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, damage: str
) -> None:
    """What the data files hold is checked; what does not fit is read again from the table."""
    output = tmp_path / "out"
    teams.server.arm(Fault("Scan", "kill", after=2, times=1))
    assert killed(forks, teams, inv_as_process, ["inv", *dump_of(output)])
    teams.server.arm()
    (data,) = output.rglob("*.json.gz")
    (journal,) = output.rglob("_osem-progress.jsonl")
    spoilt = spoil_data(data, damage)
    if damage == "journal cut":
        journal.write_bytes(journal.read_bytes()[:-30])
    elif not spoilt:
        first, *_ = journal.read_bytes().splitlines(keepends=True)
        entry = {
            "segment": 99,
            "offset": 1,
            "size": 1,
            "crc": 1,
            "items": 1,
            "last": None,
            "done": True,
        }
        journal.write_bytes(first + json.dumps(entry).encode() + b"\n" + b"\xff\n")

    assert is_whole_dump(inv(*dump_of(output)), output)
