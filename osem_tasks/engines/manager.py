"""Chooses the kind of engine, and starts, finds and stops engines. Loads no SDK by itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.engines import host, probe, records, registry
from osem_tasks.engines.base import AUTO
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import Engine, EngineRecord, EngineRequest, Say, UpResult
    from osem_tasks.engines.registry import EngineKind


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and why it was chosen; ``reason`` is empty when its kind was named."""

    engine: Engine
    reason: str


def bring_up(request: EngineRequest, say: Say) -> UpResult:
    """Start the engine or find the running one, and wait until it answers. Raises OsemError."""
    # The lock outlasts a pull and a slow start by another command.
    with records.locked(request.name, request.timeout + policy.current().engine_lock):
        choice = choose(request)
        try:
            return _up(choice, request, say)
        except OsemError as error:
            fallback = _fallback(choice.engine, request, error)
        return replace(_up(fallback, request, say), fallback=True)


def choose(request: EngineRequest) -> Choice:
    """The engine of the requested kind, or for ``auto`` the first that works, and why.

    Raises OsemError (ENGINE_UNAVAILABLE) when it cannot run here.
    """
    if request.engine != AUTO:
        engine = registry.kind_of(request.engine).create()
        try:
            engine.check()
        except OsemError as error:
            error.remediation += registry.alternatives(engine.kind, request)
            raise
        return Choice(engine, "")
    running = None if request.fresh else records.load(request.name)
    if running and host.process_runs(running):
        return Choice(engine_of(running), f"it already runs since {running.started_at}")
    return _first_that_works(registry.KINDS, [])


def take_down(name: str, *, drop_data: bool = False) -> list[str]:
    """Stop and remove engine ``name``; what was removed, in words. Raises OsemError."""
    removed = []
    with records.locked(name, policy.current().engine_lock):
        record = records.load(name)
        recorded = record.engine if record else None
        # The recorded engine first: it is stopped even where another cannot be asked.
        for kind in sorted(registry.KINDS, key=lambda kind: kind.name != recorded):
            engine = kind.create()
            # A volume of an earlier --persist may belong to another kind of engine.
            must = kind.name == recorded or (drop_data and engine.persists)
            # Without a record there may still be an engine, if its kind can run here.
            if must or (recorded is None and _works(engine)):
                removed += engine.down(name, drop_data=drop_data)
    return removed


def remove_abandoned() -> list[str]:
    """Remove the engines whose owner is gone; what was removed, in words.

    A developer's engine has no owner and is left alone.
    """
    removed = []
    for record in records.load_all():
        pid, started = record.owner_pid, record.owner_started
        if pid is not None and started is not None and not host.is_alive(pid, started):
            with contextlib.suppress(OsemError):  # it cannot be reached now: another time
                removed += take_down(record.name)
                records.erase(record.name)
    return removed


def is_answering(record: EngineRecord) -> bool:
    """Whether the engine of ``record`` really answers now."""
    if host.process_runs(record) is False:
        return False  # another program may answer at its port
    return probe.ask(record.endpoint) is registry.kind_of(record.engine).answers_as


def engine_of(record: EngineRecord) -> Engine:
    """The engine of ``record``."""
    return registry.kind_of(record.engine).create()


def _up(choice: Choice, request: EngineRequest, say: Say) -> UpResult:
    engine = choice.engine
    if request.persist and not engine.persists:
        raise OsemError(
            f"The {engine.kind} engine keeps its data in memory only.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation="Leave --persist out" + registry.alternatives(engine.kind, request),
        )
    _make_way(engine, request, say)
    return replace(engine.up(request, say), reason=choice.reason)


def _fallback(engine: Engine, request: EngineRequest, error: OsemError) -> Choice:
    """Another kind where the image of ``engine`` is missing; raises ``error`` elsewhere."""
    if error.code is not ErrorCode.IMAGE_NOT_FOUND:
        raise error
    if request.engine != AUTO or request.image:
        # To name an image is to name the kind of engine that runs it.
        error.remediation += registry.alternatives(engine.kind, request)
        raise error
    others = [kind for kind in registry.KINDS if kind.name != engine.kind]
    return _first_that_works(others, [error])


def _first_that_works(kinds: Sequence[EngineKind], refusals: Sequence[OsemError]) -> Choice:
    """The first of ``kinds`` that can run here; the reason is why others cannot, if any.

    Raises OsemError with all refusals when none can.
    """
    refusals = list(refusals)
    for kind in kinds:
        engine = kind.create()
        try:
            available = engine.check()
        except OsemError as error:
            refusals.append(error)
        else:
            return Choice(engine, _messages(refusals) or available)
    raise OsemError(
        _messages(refusals),
        code=refusals[0].code,
        remediation="   or: ".join(error.remediation for error in refusals),
        details=refusals[0].details,
    )


def _messages(errors: Sequence[OsemError]) -> str:
    return " ".join(error.message for error in errors)


def _works(engine: Engine) -> bool:
    try:
        engine.check()
    except OsemError:
        return False
    return True


def _make_way(engine: Engine, request: EngineRequest, say: Say) -> None:
    """Keep one engine a name: another kind that runs under it stays, unless ``--fresh``."""
    other = records.load(request.name)
    if other is None or other.engine == engine.kind:
        return
    # A process that does not answer would otherwise be lost with its record.
    if not (host.process_runs(other) or is_answering(other)):
        return
    if not request.fresh:
        raise OsemError(
            f"Engine '{request.name}' is already running as {other.engine} at {other.endpoint}.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=replace(request, engine=engine.kind).replacing_command(),
        )
    say(f"stopping the {other.engine} engine at {other.endpoint}")
    engine_of(other).down(request.name, drop_data=False)
