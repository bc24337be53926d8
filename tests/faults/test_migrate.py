"""Migrations on an AWS that fails, and in processes that are killed: no item is lost or doubled."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.data import codec, exports
from osem_tasks.engines import state
from osem_tasks.errors import OsemError
from osem_tasks.schema.model import Key
from osem_tasks.schema.requests import create_request
from tests.faults.conftest import tables_of
from tests.faults.processes import inv_as_process, killed_at_file
from tests.faults.test_data import in_dump, killed
from tests.support.faulty_aws import Fault, eventually
from tests.support.inv import finished, started

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv, Run

NAME = "osem-dev-Teams"
# Two pages of 1 MB, and two batches. The table has the key ``id``, declared is ``teamId``.
OLD: list[dict[str, Any]] = [
    {
        "id": {"S": f"t-{number:03}"},
        "managerId": {"S": str(number % 7)},
        "text": {"S": "x" * 40_000},
        "n": {"N": "1" * (1 + number % 38)},
    }
    for number in range(30)
]
NEW = [{"teamId": item["id"], **{k: v for k, v in item.items() if k != "id"}} for item in OLD]
BEFORE, AFTER = (sorted(map(codec.canonical, items)) for items in (OLD, NEW))
MOST = 200


def old_table(
    cloud: Cloud, items: list[dict[str, Any]], key: str = "id S", env: str = "dev"
) -> None:
    """Have Teams with another key than the declared one, and these items in it."""
    declared = tables_of(env)[f"osem-{env}-Teams"]
    client = cloud.client()
    client.create_table(**create_request(replace(declared, key=Key.parse(key), check=False)))
    for item in items:
        client.put_item(TableName=declared.name, Item=item)
    # What the server knows of a deleted table of that name does not hold for this one.
    cloud.server.forget()


def renew(cloud: Cloud) -> None:
    """Have the account as it was before any migration."""
    cloud.clear()
    old_table(cloud, OLD)


def held(cloud: Cloud, name: str = NAME) -> list[str]:
    """The items of a table, in an order of their own; nothing for no table."""
    if name not in cloud.client().list_tables()["TableNames"]:
        return []
    pages = cloud.client().get_paginator("scan").paginate(TableName=name)
    found: list[Any] = [item for page in pages for item in page["Items"]]
    return sorted(map(codec.canonical, found))


def key_of(cloud: Cloud, name: str = NAME) -> list[str]:
    """The names of the key of a table."""
    described = cloud.client().describe_table(TableName=name)["Table"]
    return [part["AttributeName"] for part in described["KeySchema"]]


def command(output: Path, *words: str, env: str = "dev") -> list[str]:
    """The command that migrates Teams."""
    where = ("--env", env, "--table", "Teams", "--output", str(output))
    return ["db.migrate", *where, "--yes", "--no-backup", *words]


def is_migrated(cloud: Cloud, output: Path) -> bool:
    """Whether the table has the new key and the mapped items, and the dump the old ones."""
    dumps = [in_export(path) for path in exports.find(output)]
    return (key_of(cloud), held(cloud)) == (["teamId"], AFTER) and BEFORE in dumps


def in_export(folder: Path) -> list[str]:
    """The items of one dump; nothing for one that is damaged."""
    try:
        return in_dump(folder)
    except OsemError:
        return []


def is_kept(cloud: Cloud, output: Path) -> bool:
    """Whether the items are in a table, or in a complete dump with right checksums."""
    if held(cloud) in (BEFORE, AFTER):
        return True
    return any(in_export(path) == BEFORE for path in exports.find(output))


@pytest.fixture
def teams(cloud: Cloud) -> Cloud:
    """An account with Teams under the old key."""
    old_table(cloud, OLD)
    return cloud


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Processes that begin with everything imported, forked of one without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "boto3", "osem_tasks.aws.session", "invoke.program"])
    return context


def test_the_items_get_their_new_key(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """The table is replaced, the dump is kept, and the command may be repeated."""
    run = inv(*command(tmp_path / "out"), "--json")
    again = inv(*command(tmp_path / "out"), "--json")

    assert run.code == 0, run.err
    data = run.document["data"]
    assert (data["itemsBefore"], data["itemsAfter"], data["checksum"]) == (30, 30, "equal")
    assert data["mapping"] == ["id becomes teamId"]
    assert is_migrated(teams, tmp_path / "out")
    assert (again.code, again.document["data"]["stage"]) == (0, "nothing")
    assert not list(state.directory().glob("migrate-*.progress"))
    assert inv("db.verify", "--env", "dev", "--table", "Teams").code == 0


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
        if not is_kept(cloud, output):
            broken.append((number, "the items were away"))
        run = inv(*command(output), "--json")
        if run.code or not is_migrated(cloud, output):
            broken.append((number, run.code, run.err))
        shutil.rmtree(output, ignore_errors=True)
        number += 3

    assert broken == []
    # Identity, descriptions, tags, three reads of two pages, delete, create, two batches.
    assert number > 20


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
        if not is_kept(cloud, output):
            broken.append((number, "the items were away"))
        run = inv(*command(output), "--json")
        if run.code or not is_migrated(cloud, output):
            broken.append((number, run.code, run.err))
        shutil.rmtree(output, ignore_errors=True)
        number += 3

    assert broken == []
    assert number > 30


FAULTS: list[dict[str, Any]] = [
    {"kind": "refuse", "code": "AccessDeniedException"},
    {"kind": "refuse", "code": "ExpiredTokenException"},
    {"kind": "lose"},
    {"kind": "empty"},
]


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
        if not is_kept(cloud, output):
            broken.append((number, "the items were away"))
        run = inv(*command(output), "--json")
        if run.code or not is_migrated(cloud, output):
            broken.append((number, run.code, run.err))
        shutil.rmtree(output, ignore_errors=True)

    assert broken == []
    assert number > 20


def stopped_at(
    forks: ForkServerContext,
    cloud: Cloud,
    output: Path,
    operation: str,
    *words: str,
    after: int = 0,
) -> None:
    """Kill a migration once a call of ``operation`` is carried out."""
    cloud.server.arm(Fault(operation, "kill", after=after, times=1))
    assert killed(forks, cloud, inv_as_process, ["inv", *command(output, *words)])
    cloud.server.arm()


def refused(run: Run) -> tuple[int, str | None]:
    """How a run ended."""
    return run.code, run.error


def test_what_is_written_meanwhile_stops_it(
    teams: Cloud, inv: Inv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is deleted; the next run dumps anew, and what was written is there."""
    from osem_tasks.data.migration import run as running
    from osem_tasks.data.migration.prepare import prepare as prepared

    late = {"id": {"S": "late"}, "managerId": {"S": "1"}}

    def then_write(migration: Any) -> None:
        prepared(migration)
        teams.client().put_item(TableName=NAME, Item=late)

    with monkeypatch.context() as patch:
        patch.setattr(running, "prepare", then_write)
        stopped = inv(*command(tmp_path / "out"), "--json")

    assert refused(stopped) == (1, "SCHEMA_VALIDATION_FAILED")
    message = stopped.document["error"]["message"]
    assert "Something writes to osem-dev-Teams" in message
    assert "1 extra" in message
    assert len(held(teams)) == 31
    assert not teams.server.of("DeleteTable")
    assert inv(*command(tmp_path / "out")).code == 0
    assert len(held(teams)) == 31
    assert key_of(teams) == ["teamId"]


def functions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of a project with functions that map items."""
    (path / "changes.py").write_text(
        "import uuid\n"
        "def good(item):\n    item['teamId'] = item.pop('id')\n    return item\n"
        "def same(item):\n    return {'teamId': 'one', 'of': item.pop('id')}\n"
        "def none(item):\n    return {'x': 1}\n"
        "def empty(item):\n    return {'teamId': ''}\n"
        "def number(item):\n    return {'teamId': 7}\n"
        "def large(item):\n    return {'teamId': item['id'], 'x': 'x' * 500_000}\n"
        "def long(item):\n    return {'teamId': item['id'] * 1000}\n"
        "def random(item):\n    return {'teamId': str(uuid.uuid4())}\n"
        "def index(item):\n    return {'teamId': item['id'], 'managerId': 7}\n"
        "def wrong(item):\n    return item['nothing']\n"
        "def drop(item):\n    return None if item['id'] == 't-000' else good(item)\n"
        "def twice(item):\n"
        "    return [{'teamId': item['id']}, {'teamId': item['id'] + 'b'}]\n"
    )
    monkeypatch.syspath_prepend(str(path))


BAD = {
    "same": "30 share a new key: teamId=one (30 items: id=t-000; id=t-001; id=t-002)",
    "none": "30 have no teamId: id=t-000; id=t-001; id=t-002",
    "empty": "30 have an empty teamId",
    "number": "30 have a teamId that is not of the type S",
    "large": "30 become larger than DynamoDB's 409,600 bytes",
    "long": "30 have a longer teamId than 2,048 bytes",
    "random": "30 become other items each time",
    "index": "30 have a managerId that is not of the type S, a key of an index",
    "wrong": "item 1: ",
}


@pytest.mark.parametrize("name, says", BAD.items(), ids=BAD)
@pytest.mark.parametrize("dry", [False, True], ids=["", "--dry-run"])
def test_items_that_do_not_fit_stop_it(  # noqa: PLR0917  cases and fixtures
    teams: Cloud,
    inv: Inv,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: str,
    dry: bool,
) -> None:
    """Counts and examples by their keys are shown, no values; nothing is touched."""
    functions(tmp_path, monkeypatch)
    words = ("--transform", f"changes:{name}", *(["--dry-run"] if dry else []))

    run = inv(*command(tmp_path / "out", *words), "--json")

    assert run.code == 1
    assert says in run.document["error"]["message"]
    assert "xxx" not in run.out
    assert run.document["error"]["remediation"]
    assert held(teams) == BEFORE
    assert not teams.server.of("DeleteTable", "CreateTable", "BatchWriteItem")
    assert (tmp_path / "out").exists() is not dry


@pytest.mark.parametrize("name, count", [("drop", 29), ("twice", 60), ("good", 30)])
def test_a_function_may_drop_and_split_items(  # noqa: PLR0917  cases and fixtures
    teams: Cloud,
    inv: Inv,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    count: int,
) -> None:
    """What it returns is what the table has in the end."""
    functions(tmp_path, monkeypatch)

    run = inv(*command(tmp_path / "out", "--transform", f"changes:{name}"), "--json")

    assert run.code == 0, run.err
    assert (run.document["data"]["itemsAfter"], len(held(teams))) == (count, count)


def test_no_permission_to_create_after_the_deletion(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """It says where the items are; with the permission, the same command goes on."""
    teams.server.arm(Fault("CreateTable", code="AccessDeniedException"))

    failed = inv(*command(tmp_path / "out"), "--json")

    assert refused(failed) == (2, "AWS_PERMISSIONS_DENIED")
    standing = failed.document["data"]["state"]
    assert standing.startswith("osem-dev-Teams is deleted")
    assert "30 items of before are in" in standing
    teams.server.arm()
    assert inv(*command(tmp_path / "out")).code == 0
    assert is_migrated(teams, tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "folder gone"])
def test_a_damaged_dump_of_a_table_that_is_there_is_made_anew(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, damage: str
) -> None:
    """Before anything is deleted, the table itself has the items."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "Scan", after=3)
    spoil(output, damage)

    run = inv(*command(output))

    assert run.code == 0, run.err
    assert is_migrated(teams, output)


def spoil(output: Path, damage: str) -> None:
    """Damage the one dump in a folder."""
    (data,) = output.rglob("*.json.gz")
    if damage == "cut":
        data.write_bytes(data.read_bytes()[:-9])
    elif damage == "changed":
        content = bytearray(data.read_bytes())
        content[len(content) // 2] ^= 1
        data.write_bytes(content)
    elif damage == "gone":
        data.unlink()
    else:
        shutil.rmtree(output)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "folder gone"])
def test_a_damaged_dump_of_a_deleted_table_is_refused(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, damage: str
) -> None:
    """Nothing is created of what cannot be trusted; with the good copy, it goes on."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "DeleteTable")
    shutil.copytree(output, tmp_path / "copy")
    spoil(output, damage)

    failed = inv(*command(output), "--json")

    assert refused(failed) == (2, "INVALID_CONFIGURATION")
    assert "Copy the folder" in failed.err or "--output DIR" in failed.err
    assert not teams.server.of("CreateTable")
    shutil.rmtree(output, ignore_errors=True)
    (tmp_path / "copy").rename(output)
    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


def test_a_moved_dump_is_found_by_its_folder(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """Another machine has no state: the record beside the dump is enough."""
    stopped_at(forks, teams, tmp_path / "out", "DeleteTable")
    for path in state.directory().glob("migrate-*"):
        path.unlink()
    (tmp_path / "out").rename(tmp_path / "moved")

    lost = inv(*command(tmp_path / "out"), "--json")
    found = inv(*command(tmp_path / "moved"))

    assert refused(lost) == (1, "TABLE_NOT_FOUND")
    assert "--output DIR" in lost.err
    assert found.code == 0, found.err
    assert is_migrated(teams, tmp_path / "moved")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"table": 7}', b"\xff" * 9])
def test_a_record_that_was_spoiled_has_a_second_copy(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, content: bytes
) -> None:
    """Either of the two files is enough."""
    for name in ("state", "beside"):
        renew(teams)
        output = tmp_path / name
        stopped_at(forks, teams, output, "DeleteTable")
        (kept,) = state.directory().glob("migrate-*.progress")
        (beside,) = output.rglob("migration.json")
        (kept if name == "state" else beside).write_bytes(content)

        assert inv(*command(output)).code == 0
        assert is_migrated(teams, output)


def test_a_table_that_others_made_anew_is_not_touched(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """With the old key and other items it may be anything: the message says what can be done."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "DeleteTable")
    old_table(teams, OLD[:2])

    stopped = inv(*command(output), "--json")

    assert refused(stopped) == (1, "SCHEMA_VALIDATION_FAILED")
    assert "something else has created it again" in stopped.document["error"]["message"]
    assert "db.delete" in stopped.document["error"]["remediation"]
    assert len(held(teams)) == 2
    assert inv("db.delete", "--env", "dev", "--table", "Teams", "--yes", "--no-backup").code == 0
    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


def test_a_restored_table_is_migrated_from_the_beginning(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """It holds what the dump holds, so that nothing is lost by it."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "DeleteTable")
    old_table(teams, OLD)

    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


@pytest.mark.parametrize("full", [False, True], ids=["empty", "with items"])
def test_a_new_table_that_others_made(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, full: bool
) -> None:
    """An empty one is filled. One with items is left alone, and the message says how to go on."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "DeleteTable")
    teams.hold("dev", "Teams")
    teams.server.forget()
    other = {"teamId": {"S": "t-000"}, "managerId": {"S": "9"}}
    if full:
        teams.client().put_item(TableName=NAME, Item=other)

    run = inv(*command(output), "--json")

    if not full:
        assert run.code == 0
        assert is_migrated(teams, output)
        return
    assert refused(run) == (2, "SCHEMA_VALIDATION_FAILED")
    assert held(teams) == [codec.canonical(other)]
    assert "db.load" in run.document["error"]["remediation"]
    # What a user does by hand in the end.
    for item in NEW:
        teams.client().put_item(TableName=NAME, Item=item)
    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


def test_newer_items_are_not_overwritten_by_a_continued_load(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """What an application changed since is told, and stays."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "BatchWriteItem", after=1)
    mine = {**NEW[0], "text": {"S": "newer"}}
    teams.client().put_item(TableName=NAME, Item=mine)

    told = inv(*command(output), "--json")
    again = inv(*command(output), "--json")

    assert refused(told) == (2, "SCHEMA_VALIDATION_FAILED")
    assert "1 changed (such as teamId=t-000)" in told.document["error"]["message"]
    assert again.code == 0, again.err
    assert codec.canonical(mine) in held(teams)
    assert len(held(teams)) == 30


def test_another_function_after_the_load_began_is_refused(
    forks: ForkServerContext,
    teams: Cloud,
    inv: Inv,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The items of both would stand side by side; after a deletion by hand it goes on."""
    functions(tmp_path, monkeypatch)
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "BatchWriteItem", after=1)

    stopped = inv(*command(output, "--transform", "changes:twice"), "--json")
    inv("db.delete", "--env", "dev", "--table", "Teams", "--yes", "--no-backup")
    after = inv(*command(output, "--transform", "changes:twice"), "--json")

    assert refused(stopped) == (2, "SCHEMA_VALIDATION_FAILED")
    assert "another mapping" in stopped.document["error"]["message"]
    assert after.code == 0, after.err
    assert len(held(teams)) == 60


def test_two_migrations_of_a_table_exclude_each_other(
    teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """Also with another folder for the dump."""
    from osem_tasks.data.migration.record import Records

    place = [teams.server.url, "us-east-1", "123456789012"]
    records = Records(table=NAME, declared="Teams", place=place, output=tmp_path / "other")
    with records.locked():
        run = inv(*command(tmp_path / "out"), "--json")

    assert refused(run) == (1, "INVALID_CONFIGURATION")
    assert "Another command is migrating" in run.document["error"]["message"]


def test_without_a_terminal_it_needs_a_word(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """The plan is shown before anything is read or written."""
    words = [word for word in command(tmp_path / "out") if word != "--yes"]

    run = inv(*words, "--json")

    assert refused(run) == (1, "CONFIRMATION_REQUIRED")
    assert "the key id S becomes teamId S" in run.err
    assert not teams.server.of("DeleteTable", "Scan")
    assert not (tmp_path / "out").exists()


def test_a_protected_table_is_not_deleted(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """Deletion protection is for its owner to lift."""
    teams.client().update_table(TableName=NAME, DeletionProtectionEnabled=True)

    run = inv(*command(tmp_path / "out"), "--json")

    assert refused(run) == (1, "PROTECTED_ENVIRONMENT")
    assert held(teams) == BEFORE


def with_backup(output: Path) -> list[str]:
    """The command that also makes a backup."""
    return [word for word in command(output) if word != "--no-backup"]


def test_a_backup_comes_before_the_deletion(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """Its ARN and the command that restores it are in the report and in the record."""
    run = inv(*with_backup(tmp_path / "out"), "--json")

    assert run.code == 0, run.err
    (backup,) = teams.client().list_backups(TableName=NAME)["BackupSummaries"]
    assert run.document["data"]["backup"]["arn"] == backup["BackupArn"]
    assert [row["backupArn"] for row in run.document["data"]["backups"]] == [backup["BackupArn"]]
    assert backup["BackupArn"] in run.document["data"]["backup"]["restore"]
    order = [call.operation for call in teams.server.of("CreateBackup", "DeleteTable", "Scan")]
    assert order[order.index("CreateBackup") : order.index("DeleteTable")].count("Scan") >= 2


def test_without_the_backup_nothing_is_deleted(teams: Cloud, inv: Inv, tmp_path: Path) -> None:
    """The message names the permission, and the command that makes none."""
    teams.server.arm(Fault("CreateBackup", code="AccessDeniedException"))

    run = inv(*with_backup(tmp_path / "out"), "--json")

    assert refused(run) == (1, "AWS_PERMISSIONS_DENIED")
    assert "db.migrate" in run.document["error"]["remediation"]
    assert "--no-backup" in run.document["error"]["remediation"]
    assert held(teams) == BEFORE
    assert not teams.server.of("DeleteTable")


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


def with_little_space(environment: dict[str, str], argv: list[str], most: int) -> None:
    """`inv` as a process that can write no file larger than that."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    inv_as_process(environment, argv)


@pytest.mark.parametrize("most", [10, 500, 1500])
def test_a_full_disk_stops_it_before_anything_is_deleted(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, most: int
) -> None:
    """With space, the same command completes the work."""
    output = tmp_path / "out"
    argv = ["inv", *command(output)]
    process = forks.Process(target=with_little_space, args=(dict(os.environ), argv, most))
    process.start()
    process.join()

    assert process.exitcode == 1
    assert held(teams) == BEFORE
    assert inv(*command(output)).code == 0
    assert is_migrated(teams, output)


def test_to_go_back_the_old_key_is_declared_again(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """A deleted table then gets its items back as they were."""
    stopped_at(forks, teams, tmp_path / "out", "DeleteTable")
    (tmp_path / "back.py").write_text(
        "from osem_tasks.tables import TableSet, table\n"
        "TABLES = TableSet((table('Teams', 'id S', {'managerId-index': 'managerId S'}),))\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        # Without the project's invoke.yaml.
        patch.chdir(tmp_path)
        patch.syspath_prepend(str(tmp_path))
        back = replace(inv, configuration={"tables": "back:TABLES"})
        run = back(*command(tmp_path / "out"), "--json")

    assert run.code == 0, run.err
    assert (key_of(teams), held(teams)) == (["id"], BEFORE)


def test_a_second_table_is_filled_beside_the_first(cloud: Cloud, inv: Inv, tmp_path: Path) -> None:
    """In a protected environment nothing is deleted, and the rest of the way is told."""
    old_table(cloud, OLD, env="prod")
    output = tmp_path / "out"
    without = inv(*command(output, "--force", env="prod"), "--json")
    words = ("--to", "osem-prod-Teams2", "--force")

    run = inv(*command(output, *words, env="prod"), "--json")
    again = inv(*command(output, *words, env="prod"), "--json")
    text = inv(*command(output, *words, env="prod"))

    assert refused(without) == (1, "PROTECTED_ENVIRONMENT")
    assert "--to osem-prod-Teams-v2" in without.document["error"]["remediation"]
    assert run.code == 0, run.err
    assert held(cloud, "osem-prod-Teams") == BEFORE
    assert held(cloud, "osem-prod-Teams2") == AFTER
    assert again.code == 0
    assert "delete-table --table-name osem-prod-Teams " in text.out
    assert not cloud.server.of("DeleteTable")


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


@pytest.mark.parametrize(
    "name, says",
    [
        ("osem-dev-Users", "is a declared table of environment 'dev'"),
        ("osem-dev-Teams", "is a declared table of environment 'dev'"),
        ("osem-prod-Users", "is a declared table of environment 'prod'"),
        ("a b", "its real name 'a b'"),
        ("other", "has the key userId S"),
        ("full", "has items already"),
    ],
)
def test_a_second_table_that_is_taken_is_refused(
    teams: Cloud, inv: Inv, tmp_path: Path, name: str, says: str
) -> None:
    """Nobody's items are mixed with those of the migration."""
    teams.add("other", {})
    declared = replace(tables_of("dev")[NAME], name="full")
    teams.client().create_table(**create_request(declared))
    teams.client().put_item(TableName="full", Item={"teamId": {"S": "x"}})

    run = inv(*command(tmp_path / "out", "--to", name), "--json")

    assert run.code == 1
    assert says in run.document["error"]["message"]
    assert not teams.server.of("CreateTable", "BatchWriteItem", "DeleteTable")


def test_a_dry_run_changes_nothing_and_writes_nothing(
    teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """It shows counts, the mapping, examples by their keys, and what is kept and lost."""
    before = sorted(state.directory().iterdir())

    run = inv(*command(tmp_path / "out", "--dry-run"))

    assert run.code == 0, run.err
    assert "30 items become 30" in run.out
    assert "id becomes teamId" in run.out
    assert "such as id=t-000 -> teamId=t-000" in run.out
    assert "xxx" not in run.out
    assert held(teams) == BEFORE
    assert not (tmp_path / "out").exists()
    assert sorted(state.directory().iterdir()) == before


@pytest.mark.parametrize(
    "words, says",
    [
        ((), "--table is missing"),
        (("--table", "Teams", "--table", "Users"), "--table names 2 tables"),
        (("--table", "Nobody"), "Nobody is not a table"),
        (("--table", "Teams", "--transform", "nothing"), "package.module:function"),
        (("--table", "Teams", "--rate", "0"), "--rate must be a whole number"),
        (("--table", "Teams", "--output", "/dev/null/x", "--yes"), "cannot be written"),
    ],
)
def test_bad_usage_says_what_is_wrong(
    teams: Cloud, inv: Inv, words: tuple[str, ...], says: str
) -> None:
    """In a sentence, and nothing is touched."""
    run = inv("db.migrate", "--env", "dev", *words, "--json")

    assert refused(run) == (1, "INVALID_CONFIGURATION")
    assert says in json.dumps(run.document["error"])
    assert held(teams) == BEFORE
