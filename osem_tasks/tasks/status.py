"""``local.status``: the engine that is meant, and every other engine of ours that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import presence, selection, strangers
from osem_tasks.engines.base import EngineState
from osem_tasks.output.outcome import Line, Mark, Outcome, aligned
from osem_tasks.tasks import chosen
from osem_tasks.tasks.chosen import OPTIONS
from osem_tasks.tasks.command import command

if TYPE_CHECKING:
    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.engines.selection import Running, Selection
    from osem_tasks.tasks.job import Job


@command(OPTIONS)
def status(job: Job) -> Outcome:
    """Show whether the engine runs, where, and since when; and every other engine that runs.

    With --name, only that engine is shown.

    Example: inv local.status --json
    """
    engine = chosen.selection(job)
    chosen.warn_of_unreadable(job)
    with job.console.working("looking for engines"):
        running = selection.all_running(job.options["name"])
        meant = _present(job, engine.record) if engine.record else _absent(engine)
    # The summary describes the engine that is meant.
    alone = all(found.record == engine.record for found in running)
    rows = [] if alone else aligned([_row(found) for found in running])
    return Outcome(
        data={**meant.data, "engines": [_as_json(found) for found in running]},
        lines=[Line(Mark.DONE, row) for row in rows],
        summary=meant.summary,
    )


def _absent(engine: Selection) -> Outcome:
    others = [{"name": other.name, "endpoint": other.endpoint} for other in engine.others]
    return Outcome(
        data={"name": engine.name, "running": False, "others": others},
        summary=chosen.not_recorded(engine, engine_command("local.up", engine.name)),
    )


def _present(job: Job, record: EngineRecord) -> Outcome:
    job.location["endpoint"] = record.endpoint
    state, why = presence.state_of(record)
    text = f"{chosen.described(record)} at {record.endpoint}, since {record.started_at}"
    if record.image:
        text += f", image {record.image}"
    if record.name != job.settings.name:
        text += f", name {record.name}"
    running = state is EngineState.RUNNING
    return Outcome(
        data={**record.as_json(), "running": running},
        summary=_summary(record, state, text, f". {why}" if why else ""),
    )


def _summary(record: EngineRecord, state: EngineState, text: str, why: str) -> Line:
    if state is EngineState.RUNNING:
        return Line(Mark.DONE, f"running: {text}")
    if state is EngineState.UNKNOWN:
        return Line(Mark.WARNING, f"{state.value}: {text}{why}")
    stranger = strangers.stranger_at(record.endpoint)
    found = f" ({stranger.words})" if stranger else ""
    start = engine_command("local.up", record.name)
    return Line(Mark.WARNING, f"{state.value}{found}: {text}{why}   (to start it again: {start})")


def _row(found: Running) -> tuple[str, ...]:
    record = found.record
    return (
        record.name,
        record.engine,
        record.endpoint,
        f"since {record.started_at}",
        _owner(record),
        record.project or "no project",
        "" if found.state is EngineState.RUNNING else found.state.value,
    )


def _owner(record: EngineRecord) -> str:
    return "you" if record.owner_pid is None else f"test run {record.owner_pid}"


def _as_json(found: Running) -> dict[str, Any]:
    record = found.record
    return {
        "name": record.name,
        "engine": record.engine,
        "endpoint": record.endpoint,
        "startedAt": record.started_at,
        "project": record.project,
        "owner": "you" if record.owner_pid is None else "test run",
        "ownerPid": record.owner_pid,
        "state": found.state.value,
    }
