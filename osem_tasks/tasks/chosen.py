"""The engine that a ``local`` task means, and what the task says if it does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import DEFAULT_ENGINE, engine_command
from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.config.settings import option
from osem_tasks.config.values import engine_name
from osem_tasks.engines import presence, probe, records
from osem_tasks.errors import ConfigurationError
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.tasks.options import OUTPUT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.engines.selection import Selection
    from osem_tasks.tasks.job import Job

NAME_OPTION: dict[str, tuple[Any, str]] = {
    "name": (None, f"Name of the engine, and of its container; default: {DEFAULT_ENGINE}."),
}
OPTIONS = {**NAME_OPTION, **OUTPUT_OPTIONS}


def selection(job: Job) -> Selection:
    """Return the engine that the task means. Raises OsemError for a name that is not valid."""
    from osem_tasks.engines.selection import select

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
    presence.refuse_stranger(record)
    return record.endpoint


def checked_endpoint(job: Job, endpoint: str) -> str:
    """Return ``--endpoint``. Raises ConfigurationError for one that no local engine has."""
    from osem_tasks.config.endpoints import check_url, is_aws

    check_url(endpoint, "--endpoint")
    if not endpoint.isprintable() or " " in endpoint:
        raise ConfigurationError(
            [f"--endpoint holds a space or a control character: {endpoint!r}"],
            remediation=f"Give the endpoint without it, such as {DEFAULT_ENDPOINT}",
        )
    if is_aws(endpoint):
        raise ConfigurationError(
            [f"--endpoint leads to AWS ({endpoint}), where the dummy keys are not valid"],
            remediation="Give the endpoint of a local engine.",
        )
    job.location["endpoint"] = endpoint
    return endpoint


def given_endpoint(job: Job, endpoint: str) -> str:
    """Return the checked ``--endpoint``; a warning says if no DynamoDB answers there."""
    checked_endpoint(job, endpoint)
    found = probe.ask(endpoint)
    if found is None or found is probe.ANOTHER_SERVER:
        what = "Nothing answers" if found is None else "Another server answers"
        job.console.warn(f"{what} at {endpoint} now.")
    return endpoint


def warn_of_unreadable(job: Job) -> None:
    """Warn of every state file that cannot be read, once."""
    for text in records.unreadable():
        job.console.warn(text)


def described(record: EngineRecord) -> str:
    """Return the engine of a record in a few words."""
    return presence.engine_of(record).describe(record)


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
    from osem_tasks.engines.selection import running_elsewhere

    stop = "   or: ".join(engine_command("local.down", other.name) for other in others)
    return Line(
        Mark.WARNING, f"{name}: nothing to stop.{running_elsewhere(others)}   (to stop it: {stop})"
    )
