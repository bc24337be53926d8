"""``db.list``: show the environment's tables. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.output.tables import list_outcome
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import open_target
from osem_tasks.tasks.narrow import narrowed
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS
from osem_tasks.waiting.progress import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.output.outcome import Outcome
    from osem_tasks.tasks.job import Job


@command(TARGET_OPTIONS, texts={"table": TABLE}, repeatable=["table"])
def list_(job: Job, table: Sequence[str] | None = None) -> Outcome:
    """Show the environment's tables: status, items, size, indexes.

    Example: inv db.list --env dev
    """
    everything = open_target(job, reading=True, undeclared=True)
    run = narrowed(everything, table)
    with job.console.working("reading"):
        step = Step("reading", len(run.tables))
        job.console.begin(step)
        live = run.store.read_all(run.tables, step)
        others = [
            name
            for name in ([] if table else run.store.names())
            if run.target.naming.owns(name) and name not in everything.tables.names
        ]
    return list_outcome(live, sorted(others))
