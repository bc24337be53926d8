"""Choose the kind of engine; start, find and stop engines. This module loads no SDK."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osem_tasks.engines import presence, records, registry
from osem_tasks.engines.base import EngineFailureError, NotInstalledError
from osem_tasks.engines.registry import AUTO
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import (
        Engine,
        EngineRecord,
        EngineRequest,
        Intent,
        Say,
        UpResult,
    )
    from osem_tasks.engines.registry import EngineKind


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and why it was chosen; ``reason`` is empty if the request named its kind.

    ``refusals`` are the errors of the preferred kinds that cannot run here; ``persisting`` those
    of them that would keep data.
    """

    engine: Engine
    reason: str
    refusals: tuple[OsemError, ...] = ()
    persisting: tuple[OsemError, ...] = ()


def bring_up(request: EngineRequest, say: Say, warn: Say | None = None) -> UpResult:
    """Start the engine or reuse the running one, and wait until it answers. Raises OsemError.

    ``say`` reports progress; ``warn`` reports a wait for another command.
    """
    patience = request.lock_timeout
    if patience is None:
        # Another command may hold the lock during a pull and a slow start.
        patience = request.timeout + policy.current().engine_lock
    with records.locked(request.name, patience, warn or say):
        choice = choose(request)
        try:
            return _up(choice, request, say)
        except OsemError as error:
            from osem_tasks.engines import service

            fallback = _fallback(choice.engine, request, service.offered(error))
        return replace(_up(fallback, request, say), fallback=True)


def choose(request: EngineRequest) -> Choice:
    """Return the engine of the requested kind; for ``auto``, the first that works, and why.

    Raises OsemError (ENGINE_UNAVAILABLE) if it cannot run here.
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
    # Containers are not checked: that needs a call to Docker, which auto tries first anyway.
    if running and running.pid is not None and presence.is_running(running):
        return Choice(presence.engine_of(running), presence.since(running))
    return _first_that_works(registry.KINDS, [])


def not_persisting(request: EngineRequest) -> OsemError | None:
    """Return why ``--persist`` is refused by the kind that ``request`` gets; None if it is not.

    Also None if no kind can run here at all.
    """
    if not request.persist:
        return None
    try:
        choice = choose(request)
    except OsemError:
        return None
    return None if choice.engine.persists else _cannot_persist(choice, request)


def take_down(
    name: str,
    *,
    drop_data: bool = False,
    say: Say = lambda _text: None,
    lock_timeout: float | None = None,
) -> list[str]:
    """Stop and remove engine ``name``; return what was removed. Raises OsemError.

    ``lock_timeout`` (seconds) limits the wait for another command that works on the engine.
    """
    from osem_tasks.engines.admin import browser

    unasked: list[OsemError] = []
    with records.locked(name, lock_timeout or policy.current().engine_lock, say):
        # Before the engine, of which it shows the tables.
        removed = browser.down(name)
        claim = records.load(name) or records.begun(name)
        recorded = claim.engine if claim else None
        # The recorded engine comes first, so that it stops even if another kind fails.
        for kind in sorted(registry.KINDS, key=lambda kind: kind.name != recorded):
            engine = kind.create()
            # A volume of an earlier --persist may belong to another kind of engine.
            must = kind.name == recorded or (drop_data and engine.persists)
            # An engine may exist without a record if its kind can run here.
            if must or (recorded is None and registry.can_run(engine)):
                try:
                    removed += engine.down(name, drop_data=drop_data)
                except EngineFailureError as error:
                    if kind.name == recorded:
                        raise
                    unasked.append(error)
        _settle(unasked, recorded, removed, say)
    return removed


def _settle(
    unasked: Sequence[OsemError], recorded: str | None, removed: Sequence[str], say: Say
) -> None:
    """Raise the error of a kind that may keep data and cannot be asked; ``say`` it if others did.

    An engine that keeps its own data had none in another kind.
    """
    own = registry.kind_of(recorded).create().persists if recorded else bool(removed)
    for error in unasked:
        if not own:
            raise error
        say(f"Data of another kind of engine was not looked for: {error.message}")


def remove_abandoned() -> list[str]:
    """Remove the engines whose owner has ended or whose start was killed; return what was removed.

    A developer's engine has no owner and stays.
    """
    from osem_tasks.engines import host

    removed = []
    claims: list[EngineRecord | Intent] = [*records.load_all(), *records.all_begun()]
    for claim in claims:
        if not host.owner_has_ended(claim):
            continue
        with contextlib.suppress(OsemError):  # unreachable now; the next call tries again
            removed += take_down(claim.name)
            records.erase(claim.name)
    return removed


def _up(choice: Choice, request: EngineRequest, say: Say) -> UpResult:
    engine = choice.engine
    if request.persist and not engine.persists:
        raise _cannot_persist(choice, request)
    _make_way(choice, request, say)
    result = engine.up(request, say)
    weakness = _weakness(choice) if result.how == "started" else ""
    return replace(result, reason=choice.reason, weakness=weakness)


def _weakness(choice: Choice) -> str:
    """Return what is weaker than in the kinds that ``auto`` prefers, and how to get the next."""
    weakness = registry.kind_of(choice.engine.kind).weakness
    if not weakness or not choice.refusals:
        return ""
    return f"{weakness}. A stricter engine: {choice.refusals[-1].remediation}"


def _cannot_persist(choice: Choice, request: EngineRequest) -> OsemError:
    """Return the error for ``--persist`` on a kind of engine that cannot keep data."""
    kind, without = choice.engine.kind, replace(request, persist=None).command()
    message = f"The {kind} engine {choice.engine.forgets}."
    if not choice.persisting:
        return OsemError(
            message,
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"Leave --persist out: {without}{registry.alternatives(kind, request)}",
        )
    # A proposal of the preferred kind would be false: it cannot run here.
    return OsemError(
        f"{_messages(choice.persisting)} {message}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=(
            f"{'   or: '.join(error.remediation for error in choice.persisting)}   "
            f"or leave --persist out: {without}"
        ),
        details=choice.persisting[0].details,
    )


def _fallback(engine: Engine, request: EngineRequest, error: OsemError) -> Choice:
    """Choose another kind if ``engine`` has no image or is broken; otherwise raise ``error``."""
    missing = error.code is ErrorCode.IMAGE_NOT_FOUND
    if not missing and (not isinstance(error, EngineFailureError) or request.persist):
        raise error
    if request.engine != AUTO or request.image:
        # A request for an image is also a request for the kind of engine that runs it.
        error.remediation += registry.alternatives(engine.kind, request)
        raise error
    others = [kind for kind in registry.KINDS if kind.name != engine.kind]
    return _first_that_works(others, [error])


def _first_that_works(kinds: Sequence[EngineKind], refusals: Sequence[OsemError]) -> Choice:
    """Return the first of ``kinds`` that can run here; the reason says why earlier ones cannot.

    Raises OsemError with all refusals if none can.
    """
    refusals = list(refusals)
    persisting = list(refusals)  # with --persist, only such a kind has a fallback
    for kind in kinds:
        engine = kind.create()
        try:
            available = engine.check()
        except OsemError as error:
            refusals.append(error)
            persisting += [error] if engine.persists else []
        else:
            # That something optional is absent is no reason.
            known = [error for error in refusals if not isinstance(error, NotInstalledError)]
            reason = _messages(known) or available
            return Choice(engine, reason, tuple(refusals), tuple(persisting))
    raise OsemError(
        _messages(refusals),
        code=refusals[0].code,
        remediation="   or: ".join(error.remediation for error in refusals),
        details=refusals[0].details,
    )


def _messages(errors: Sequence[OsemError]) -> str:
    return " ".join(error.message for error in errors)


def _make_way(choice: Choice, request: EngineRequest, say: Say) -> None:
    """Ensure one engine per name. A running engine of another kind stays unless ``--fresh``."""
    engine = choice.engine
    other = records.load(request.name)
    if other is None or other.engine == engine.kind:
        return
    # is_running, not is_answering: the new record would hide an engine that does not answer.
    if not presence.is_running(other):
        _remove_ended(other)
        return
    if not request.fresh:
        why = f" {_messages(choice.refusals)}" if choice.refusals else ""
        mending = "".join(f"{error.remediation}   or: " for error in choice.refusals)
        raise OsemError(
            f"Engine '{request.name}' is already running as {other.engine} at {other.endpoint}."
            f"{why}",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"{mending}{replace(request, engine=engine.kind).replacing_command()}",
        )
    from osem_tasks.engines import host

    port = request.wanted_port
    if port and not other.endpoint.endswith(f":{port}") and not host.is_free(port):
        raise host.port_in_use(port, request)
    engine.prepare(request, say)
    say(f"stopping the {other.engine} engine at {other.endpoint}")
    presence.engine_of(other).down(request.name, drop_data=False)


def _remove_ended(other: EngineRecord) -> None:
    """Remove what is left of an engine that is known to have ended, but no volume.

    The record of another kind would hide its container, so that ``local.down`` left it.
    """
    former = presence.engine_of(other)
    with contextlib.suppress(OsemError):  # an engine that cannot be asked stops no other
        if former.why_ended(other):
            former.down(other.name, drop_data=False)
