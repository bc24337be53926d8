"""Backups before harm: what a task backs up, says beforehand, and prints as soon as it has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job


def planned_backups(
    job: Job, run: Run, target: Target, live: Mapping[str, LiveTable], *, backup: bool
) -> tuple[str, ...] | None:
    """Return the tables of ``live`` to back up: those with items.

    None on a local engine, where nobody expects a backup; ``target`` has the rules that hold.
    Raises OsemError.
    """
    from osem_tasks.apply.backups import with_items

    if target.local or all(table.emulator for table in live.values()):
        return None
    if not backup:
        return ()
    with job.console.working("looking for items"):
        return with_items(run, live)


def back_up_first(
    job: Job, run: Run, names: Sequence[str], without: str, *, restored: bool
) -> None:
    """Make the backups of ``names``, and print them at once: a killed task prints nothing later.

    ``without`` is the command that makes none; ``restored`` is that of ``with_backups``. Raises
    OsemError for the first failure.
    """
    from osem_tasks.apply.backups import back_up
    from osem_tasks.output.backups import backup_lines

    back_up(run, names, without)
    for line in backup_lines(run, restored=restored):
        if job.console.as_json:
            job.console.info(line.text)
        job.console.row(line)
