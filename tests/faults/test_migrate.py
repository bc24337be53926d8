"""Migrations on AWS: what is done, what is refused, and what is told before anything is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import state
from osem_tasks.schema.requests import create_request
from tests.faults.conftest import tables_of
from tests.faults.migrations import (
    AFTER,
    BEFORE,
    NAME,
    OLD,
    command,
    functions,
    held,
    is_migrated,
    key_of,
    old_table,
    refused,
)
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv


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


BAD = {
    "same": "30 share a new key: teamId=one (30 items: id=t-000; id=t-001; id=t-002)",
    "none": "30 have no teamId: id=t-000; id=t-001; id=t-002",
    "empty": "30 have an empty teamId",
    "number": "30 have a teamId that is not of the type S",
    "large": "30 become larger than DynamoDB's 409,600 bytes",
    "long": "30 have a longer teamId than 2,048 bytes",
    "random": "30 become other items each time",
    "index": "30 have a managerId that is not of the type S, a key of an index",
    "forgets": "each item becomes what changes:forgets returns, which is None for all of them",
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
