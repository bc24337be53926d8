"""The backups of a run, as people and scripts read them."""

from __future__ import annotations

import pytest

from osem_tasks.apply.run import Journal, Run
from osem_tasks.aws.backups import Backup, State
from osem_tasks.output.backups import planned_lines, with_backups, with_planned_backups
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.schema.model import TableSet, table
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.progress import Silent
from tests.support.canned_aws import CannedAws, answers
from tests.unit.aws.described import opened

ARN = "arn:aws:dynamodb:us-east-1:1:table/Users/backup/0"
BACKUP = Backup(table="Users", name="osem-Users-1", arn=ARN, state=State.AVAILABLE)
DONE = Outcome(lines=[Line(Mark.DONE, "Users  deleted")], summary=Line(Mark.DONE, "1 deleted"))


def run_with(*backups: Backup) -> Run:
    """A run that has requested these backups."""
    tables = TableSet((table("Users", "id S"), table("Teams", "id S")))
    made = {backup.table: backup for backup in backups}
    journal = Journal(tables.names, backups=made)
    store = opened(CannedAws(answers()))
    return Run(store.connection.target, tables, store, Deadline(60), Silent(), journal)


@pytest.mark.parametrize(
    "backup, restored, marks, words",
    [
        (
            BACKUP,
            False,
            [Mark.DONE, Mark.DETAIL],
            ["backed up: " + ARN, "--target-table-name Users "],
        ),
        (BACKUP, True, [Mark.DONE, Mark.DETAIL], ["backed up", "-name Users-restored "]),
        (
            Backup(table="Users", name="n", arn=ARN, state=State.CREATING),
            False,
            [Mark.WARNING, Mark.DETAIL],
            ["still being made: " + ARN, "to restore it then: aws dynamodb "],
        ),
        (
            Backup(table="Users", name="osem-1"),
            False,
            [Mark.WARNING],
            ["its backup osem-1 may exist; see: aws dynamodb list-backups --table-name Users"],
        ),
    ],
    ids=["available", "restored-beside", "being-made", "unknown"],
)
def test_every_backup_is_told_with_its_command(
    backup: Backup, restored: bool, marks: list[Mark], words: list[str]
) -> None:
    """Before the result's own lines; the summary counts, for those who read nothing else."""
    outcome = with_backups(DONE, run_with(backup), restored=restored)

    *lines, last = outcome.lines
    assert [line.mark for line in lines] == marks
    assert [word for word, line in zip(words, lines, strict=True) if word not in line.text] == []
    assert (last, outcome.summary) == (DONE.lines[0], Line(Mark.DONE, "1 deleted, 1 backup made"))


def test_a_run_without_backups_tells_none() -> None:
    """The list in JSON is there, and empty."""
    outcome = with_backups(DONE, run_with())

    assert (outcome.data, outcome.lines, outcome.summary) == (
        {"backups": []},
        DONE.lines,
        DONE.summary,
    )


def test_json_has_the_command_where_there_is_an_arn() -> None:
    """In the model's order; a backup without an ARN has no command."""
    unknown = Backup(table="Teams", name="n")

    first, second = with_backups(DONE, run_with(unknown, BACKUP)).data["backups"]

    assert (first["tableName"], first["state"]) == ("Users", "AVAILABLE")
    assert f"--backup-arn {ARN}" in first["restoreCommand"]
    assert (second["tableName"], second["restoreCommand"]) == ("Teams", None)


def test_what_a_dry_run_would_back_up() -> None:
    """An entry for each table, and one line for all; none for none."""
    planned = with_planned_backups(DONE, ["Users", "Teams"])

    assert [entry["state"] for entry in planned.data["backups"]] == ["PLANNED"] * 2
    assert planned_lines([]) == []
    assert [line.text for line in planned_lines(["Users", "Teams"])] == [
        "2 tables would be backed up first: Users, Teams"
    ]
