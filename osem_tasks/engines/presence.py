"""Is the engine of a record there, or does another one answer at its endpoint? Loads no SDK."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import probe, records, registry
from osem_tasks.engines.base import EngineState
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.engines.base import Engine, EngineRecord, EngineRequest, UpResult


def reused(request: EngineRequest) -> UpResult | None:
    """Return the engine that runs as requested, if one look shows that, and no command works on it.

    That is most calls of ``local.up``; all others are for ``manager.bring_up``. Neither the lock nor
    a choice of a kind is needed.
    """
    record = None if request.fresh or records.is_held(request.name) else records.load(request.name)
    if record is None or request.engine not in (AUTO, record.engine):
        return None
    found = engine_of(record).reused(request)
    return found and replace(found, reason=since(record) if request.engine == AUTO else "")


def since(record: EngineRecord) -> str:
    """Return why ``auto`` stays with an engine."""
    return f"it has been running since {record.started_at}"


def is_running(record: EngineRecord) -> bool:
    """Return whether exactly the engine of ``record`` runs; False if that is unknown."""
    try:
        return engine_of(record).is_running(record)
    except OsemError:
        return False


def is_answering(record: EngineRecord) -> bool:
    """Return whether the engine of ``record`` itself answers now, not another one at its port."""
    answers = probe.ask(record.endpoint) is registry.kind_of(record.engine).answers_as
    return answers and is_running(record)


def state_of(record: EngineRecord) -> tuple[EngineState, str]:
    """Return the current state of the engine of ``record``, and a sentence about its cause.

    The sentence is empty if the cause is not known.
    """
    found = probe.ask(record.endpoint)
    if found is None:
        return EngineState.SILENT, _why_ended(record)
    expected = registry.kind_of(record.engine).answers_as
    try:
        if not engine_of(record).is_running(record):
            return EngineState.REPLACED, ""
    except OsemError as error:
        state = EngineState.UNKNOWN if found is expected else EngineState.REPLACED
        return state, error.message
    return (EngineState.RUNNING if found is expected else EngineState.SILENT), ""


def refuse_stranger(record: EngineRecord) -> None:
    """Raise OsemError (ENGINE_NOT_RUNNING) if another engine is at the endpoint of ``record``.

    Also if that cannot be told, with the reason.
    """
    found = probe.ask(record.endpoint)
    # What is no DynamoDB is of no use.
    useful = found is not None and found is not probe.ANOTHER_SERVER
    use = f"use what answers: --endpoint {record.endpoint}" if useful else ""
    try:
        if engine_of(record).is_running(record):
            return
        why = _why_ended(record)
        cause = f" {why}" if why else ""
    except OsemError as error:
        if found:
            error.message = f"Engine '{record.name}' cannot be checked: {error.message}"
            error.remediation += f"   or {use}" if use else ""
            raise
        cause = f" {error.message}"
    answers = f"{found.name} answers there instead" if found else "nothing answers there"
    raise OsemError(
        f"Engine '{record.name}' is recorded at {record.endpoint} and is not running: {answers}."
        f"{cause}",
        code=ErrorCode.ENGINE_NOT_RUNNING,
        remediation=engine_command("local.up", record.name) + (f"   or, to {use}" if use else ""),
    )


def _why_ended(record: EngineRecord) -> str:
    try:
        return engine_of(record).why_ended(record)
    except OsemError as error:
        return error.message


def engine_of(record: EngineRecord) -> Engine:
    """Return the engine of ``record``."""
    return registry.kind_of(record.engine).create()
