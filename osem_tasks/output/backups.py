"""The backups of a run as lines and JSON, with the exact command that restores each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.backups import State, list_command, restore_command, restored_name
from osem_tasks.output.outcome import Line, Mark, Outcome, counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.backups import Backup


def with_backups(outcome: Outcome, run: Run, *, restored: bool = False) -> Outcome:
    """Return ``outcome`` with the backups that ``run`` has requested, and their number.

    ``restored`` is for tables that exist after the task: a backup is restored beside them.
    """
    summary, made = outcome.summary, len(run.journal.backups)
    if summary and made:
        # Also for --quiet: a backup is paid for until somebody deletes it.
        summary = replace(summary, text=f"{summary.text}, {counted(made, 'backup')} made")
    return replace(
        outcome,
        data={**outcome.data, "backups": _entries(run, restored=restored)},
        lines=[*backup_lines(run, restored=restored), *outcome.lines],
        summary=summary,
    )


def with_planned_backups(outcome: Outcome, names: Sequence[str]) -> Outcome:
    """Return the outcome of a dry run with the tables that would be backed up first."""
    planned = [{"tableName": name, "state": State.PLANNED.value} for name in names]
    return replace(outcome, data={**outcome.data, "backups": planned})


def planned_lines(names: Sequence[str]) -> list[Line]:
    """Return a line with the tables that would be backed up first, if there are any."""
    told = f"{counted(len(names), 'table')} would be backed up first: {', '.join(names)}"
    return [Line(Mark.INFO, told)] if names else []


def backup_lines(run: Run, *, restored: bool = False) -> list[Line]:
    """Return what became of every backup of ``run``, and the command that restores it."""
    backups = run.journal.backups
    return [
        line
        for name in run.journal.names
        if name in backups
        for line in _lines(run, backups[name], restored=restored)
    ]


def _lines(run: Run, backup: Backup, *, restored: bool) -> list[Line]:
    if backup.state is State.UNKNOWN:
        command = list_command(backup.table, run.target, run.store.connection.region)
        text = f"{backup.table}  its backup {backup.name} may exist; see: {command}"
        return [Line(Mark.WARNING, text)]
    restore = _restore(run, backup, restored=restored)
    if backup.state is State.AVAILABLE:
        held = f" ({counted(backup.items, 'item')}, {size(backup.size)} at last count)"
        known = held if backup.items else ""
        first = Line(Mark.DONE, f"{backup.table}  backed up{known}: {backup.arn}")
        return [first, Line(Mark.DETAIL, f"    to restore it: {restore}")]
    text = f"{backup.table}  its backup is still being made: {backup.arn}"
    return [Line(Mark.WARNING, text), Line(Mark.DETAIL, f"    to restore it then: {restore}")]


def _restore(run: Run, backup: Backup, *, restored: bool) -> str:
    into = restored_name(backup.table) if restored else backup.table
    return restore_command(backup, run.target, run.store.connection.region, into)


def _entries(run: Run, *, restored: bool) -> list[dict[str, Any]]:
    backups = run.journal.backups
    return [
        {
            **backup.as_json(),
            "restoreCommand": _restore(run, backup, restored=restored) if backup.arn else None,
        }
        for backup in (backups[name] for name in run.journal.names if name in backups)
    ]
