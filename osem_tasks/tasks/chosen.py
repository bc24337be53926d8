"""The engine that a ``local`` task means, and what the task says if it does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.config.endpoints import check_url, is_aws
from osem_tasks.config.settings import option
from osem_tasks.config.values import engine_name
from osem_tasks.engines import manager, probe, records
from osem_tasks.engines.selection import running_elsewhere, select
from osem_tasks.errors import ConfigurationError
from osem_tasks.output.outcome import Line, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.engines.selection import Selection
    from osem_tasks.tasks.job import Job


def selection(job: Job) -> Selection:
    """Return the engine that the task means. Raises OsemError for a name that is not valid."""
    named = job.options["name"]
    return select(
        job.settings.name,
        named=None if named is None else option("--name", named, engine_name),
        started=job.session.get("name"),
        project=job.project,
    )


def recorded(job: Job, task: str) -> EngineRecord:
    """Return the record of the engine. Raises OsemError (ENGINE_NOT_RUNNING) if there is none."""
    chosen = selection(job)
    if chosen.record is None:
        raise chosen.not_running(task)
    job.location["endpoint"] = chosen.record.endpoint
    return chosen.record


def own_endpoint(job: Job) -> str:
    """Return the endpoint of the engine that runs. Raises OsemError."""
    record = recorded(job, "local.env")
    manager.refuse_stranger(record)
    return record.endpoint


def given_endpoint(job: Job, endpoint: str) -> str:
    """Return the checked ``--endpoint``; a warning says if no DynamoDB answers there."""
    check_url(endpoint, "--endpoint")
    if is_aws(endpoint):
        raise ConfigurationError(
            [f"--endpoint leads to AWS ({endpoint}), where the dummy keys are not valid"],
            remediation="Give the endpoint of a local engine.",
        )
    job.location["endpoint"] = endpoint
    found = probe.ask(endpoint)
    if found is None or found is probe.ANOTHER_SERVER:
        what = "Nothing answers" if found is None else "Another server answers"
        job.console.warn(f"{what} at {endpoint} now.")
    return endpoint


def not_recorded(chosen: Selection, start: str) -> Line:
    """Say that the engine does not run, and what runs instead; ``start`` starts it."""
    name = chosen.name
    if records.begun(name):
        down = engine_command("local.down", name)
        return Line(
            Mark.WARNING,
            f"a start of {name} has begun and not ended   "
            f"(if it was killed: {start} mends it, {down} removes what is left)",
        )
    others = "".join(
        f"; {other.name} runs at {other.endpoint}: {engine_command('local.status', other.name)}"
        for other in chosen.others
    )
    return Line(Mark.INFO, f"{name} is not running   (to start it: {start}){others}")


def stopped(name: str, removed: Sequence[str], chosen: Selection) -> Line:
    """Say what was stopped, or what else runs if nothing was."""
    if removed:
        return Line(Mark.DONE, f"{', '.join(removed)} removed")
    others = chosen.others if chosen.is_own or not chosen.record else (chosen.record,)
    if not others:
        return Line(Mark.DONE, f"{name}: nothing to stop")
    stop = "   or: ".join(engine_command("local.down", other.name) for other in others)
    return Line(
        Mark.WARNING, f"{name}: nothing to stop.{running_elsewhere(others)}   (to stop it: {stop})"
    )
