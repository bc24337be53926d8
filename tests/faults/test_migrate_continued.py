"""What an interrupted migration finds when it goes on: damage, other tables, other items."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.data import codec
from osem_tasks.engines import state
from tests.faults.migrations import (
    BEFORE,
    NAME,
    NEW,
    OLD,
    command,
    functions,
    held,
    is_migrated,
    key_of,
    old_table,
    refused,
    renew,
    spoil,
    stopped_at,
)

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv


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


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "folder gone"])
def test_a_damaged_dump_of_a_deleted_table_is_refused(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path, damage: str
) -> None:
    """Nothing is created of what cannot be trusted; with the good copy, it goes on."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "DeleteTable")
    shutil.copytree(output, tmp_path / "copy")
    spoil(output, damage)

    dry = inv(*command(output, "--dry-run"), "--json")
    failed = inv(*command(output), "--json")

    assert (dry.code, dry.error) == (1, "INVALID_CONFIGURATION")
    assert refused(failed) == (2, "INVALID_CONFIGURATION")
    for run in (dry, failed):
        assert "Copy the folder" in run.err or "--output DIR" in run.err
        assert "--input" not in run.document["error"]["remediation"]
    assert ("were in" in failed.document["data"]["state"]) is (damage == "folder gone")
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


def test_a_plan_names_no_dump_of_an_older_table(
    forks: ForkServerContext, teams: Cloud, inv: Inv, tmp_path: Path
) -> None:
    """The dump of the table that is there goes on; for a later table there will be another."""
    output = tmp_path / "out"
    stopped_at(forks, teams, output, "Scan", after=3)
    (folder,) = (path.parent for path in output.rglob("data"))
    same = inv(*command(output, "--dry-run"))
    renew(teams)

    later = inv(*command(output, "--dry-run"))

    assert (same.code, later.code) == (0, 0)
    assert str(folder) in same.out
    assert str(folder) not in later.out
    assert f"a dump of all items in {output / 'Teams'}" in later.out
