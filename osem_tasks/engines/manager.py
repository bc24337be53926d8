"""Chooses the engine and brings it up, down or into view. No SDK unless Docker is asked."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.engines import moto, probe, processes
from osem_tasks.engines import records as state
from osem_tasks.engines.moto import MotoEngine
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.engines.base import Engine, EngineRecord, EngineRequest, Raised, Say
    from osem_tasks.engines.docker.engine import DockerEngine

CHOICES = ("auto", *state.ENGINES)
ANSWERS = {"docker": probe.Answer.DYNAMODB_LOCAL, "moto": probe.Answer.MOTO}


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine and why it was chosen; ``why`` is empty when it was named."""

    engine: Engine
    why: str


def bring_up(choice: str, request: EngineRequest, say: Say) -> tuple[Raised, str]:
    """Start or find the engine; the outcome, and why this kind. Raises OsemError."""
    # The lock outlasts a pull and a slow start of the other command.
    with state.locked(request.name, request.timeout + 600):
        chosen = choose(choice, request)
        _make_way(chosen.engine, request, say)
        try:
            return chosen.engine.up(request, say), chosen.why
        except OsemError as error:
            fallback = _fallback(choice, request, error)
            if fallback is None:
                raise
            return fallback.engine.up(request, say), fallback.why


def choose(choice: str, request: EngineRequest) -> Chosen:
    """The engine that ``choice`` names, or for ``auto`` the first that works, and why."""
    if choice == "docker":
        return Chosen(_docker(), "")
    if choice == "moto":
        _require_moto("")
        return Chosen(MotoEngine(), "")
    if choice != "auto":
        raise OsemError(
            f"There is no engine '{choice}'; there are {', '.join(CHOICES)}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="inv local.up --engine auto",
        )
    if not request.fresh and moto.alive(running := state.load(request.name)):
        return Chosen(
            MotoEngine(), f"it already runs since {running.started_at}" if running else ""
        )
    try:
        engine = _docker()
    except OsemError as error:
        _require_moto(f"{error.message} ")
        return Chosen(MotoEngine(), error.message)
    return Chosen(engine, f"a Docker engine answers at {engine.host}")


def take_down(name: str, *, drop_data: bool = False) -> list[str]:
    """Stop and remove engine ``name``; what was removed, in words. Raises OsemError."""
    with state.locked(name, 600):
        record = state.load(name)
        if record and record.engine == MotoEngine.kind:
            removed = MotoEngine().down(name, drop_data=drop_data)
            # A volume of an earlier --persist is Docker's.
            return removed + (_docker().down(name, drop_data=True) if drop_data else [])
        try:
            engine = _docker()
        except OsemError:
            if record or drop_data:
                raise
            return []  # nothing was started, and nothing could have been
        return engine.down(name, drop_data=drop_data)


def reclaim() -> list[str]:
    """Clear away engines whose owner is gone; what was removed, in words.

    Only records with an owner count: a developer's engine has none.
    """
    removed = []
    for record in state.every():
        pid, started = record.owner_pid, record.owner_started
        if pid is not None and started is not None and not processes.lives(pid, started):
            with contextlib.suppress(OsemError):  # its Docker engine is away: another time
                removed += take_down(record.name)
                state.erase(record.name)
    return removed


def answering(record: EngineRecord) -> bool:
    """Whether the engine of ``record`` really answers now."""
    if record.engine == MotoEngine.kind and not moto.alive(record):
        return False
    return probe.ask(record.endpoint) is ANSWERS.get(record.engine)


def engine_of(record: EngineRecord) -> Engine:
    """The engine that ``record`` tells of."""
    return MotoEngine() if record.engine == MotoEngine.kind else _docker()


def _docker() -> DockerEngine:
    from osem_tasks.engines.docker.engine import DockerEngine

    return DockerEngine()


def _require_moto(prefix: str) -> None:
    reason = moto.missing()
    if reason:
        raise OsemError(
            f"{prefix}The embedded engine cannot run either: {reason}."
            if prefix
            else f"The moto engine cannot run: {reason}.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation='pip install "moto[dynamodb,server]"   or start Docker',
        )


def _make_way(engine: Engine, request: EngineRequest, say: Say) -> None:
    """Keep one engine a name: another kind that runs under it stays, unless ``--fresh``."""
    other = state.load(request.name)
    if other is None or other.engine == engine.kind or not answering(other):
        return
    if not request.fresh:
        raise OsemError(
            f"Engine '{request.name}' already runs as {other.engine} at {other.endpoint}.",
            code=ErrorCode.ENGINE_UNAVAILABLE,
            remediation=f"inv local.down && inv local.up --engine {engine.kind}",
        )
    say(f"stopping the {other.engine} engine at {other.endpoint}")
    engine_of(other).down(request.name, drop_data=False)


def _fallback(choice: str, request: EngineRequest, error: OsemError) -> Chosen | None:
    """``auto`` takes the first engine that works: without its image, Docker does not."""
    if (
        choice != "auto"
        or request.image
        or error.code is not ErrorCode.IMAGE_NOT_FOUND
        or moto.missing()
    ):
        return None
    return Chosen(MotoEngine(), error.message)
