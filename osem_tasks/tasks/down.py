"""``local.down``: stop and remove the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config.settings import option
from osem_tasks.config.values import seconds
from osem_tasks.engines import manager, records
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import chosen
from osem_tasks.tasks.chosen import OPTIONS
from osem_tasks.tasks.command import command

if TYPE_CHECKING:
    from osem_tasks.tasks.job import Job


@command(
    OPTIONS,
    texts={
        "volumes": "Also remove the data that --persist kept.",
        "timeout": "Maximum seconds to wait for another command on the engine (default 600).",
    },
)
def down(job: Job, volumes: bool = False, timeout: str | None = None) -> Outcome:
    """Stop and remove what local.up started; nothing else is ever touched.

    Example: inv local.down --volumes
    """
    engine = chosen.selection(job)
    patience = None if timeout is None else option("--timeout", timeout, seconds)
    chosen.warn_of_unreadable(job)
    # Another project's engine is not stopped unless its name is given.
    name = engine.name if engine.is_own else job.settings.name
    if job.dry:
        record = records.load(name)
        what = chosen.described(record) if record else "nothing"
        return Outcome(
            data={"name": name, "dryRun": True},
            summary=Line(Mark.INFO, f"{what} would be stopped; nothing was changed"),
        )
    with job.console.working(f"stopping engine {name}"):
        removed = manager.take_down(
            name, drop_data=volumes, say=job.console.warn, lock_timeout=patience
        )
    return Outcome(
        data={"name": name, "removed": removed},
        summary=chosen.stopped(name, removed, engine),
        changed=bool(removed),
    )
