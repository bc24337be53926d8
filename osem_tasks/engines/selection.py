"""Which engine a command without ``--name`` means: one rule for all tasks.

It is the engine that the same command line started, else the configured one, else the only
one that runs: of this project, or else of this user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import presence, records
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osem_tasks.engines.base import EngineRecord, EngineState

PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Running:
    """An engine that answers; its ``state`` may be unknown, if it cannot be checked."""

    record: EngineRecord
    state: EngineState


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The engine ``name``, its record if there is one, and the other engines that run.

    ``others`` is filled only if the engine has no record. ``is_own`` says whether the engine
    was named, configured, or started from this project.
    """

    name: str
    record: EngineRecord | None = None
    others: tuple[EngineRecord, ...] = ()
    is_own: bool = True

    def not_running(self, task: str) -> OsemError:
        """Return the error (ENGINE_NOT_RUNNING) for ``task``, which names what else runs."""
        instead = "   or: ".join(engine_command(task, other.name) for other in self.others)
        start = engine_command("local.up", self.name)
        return OsemError(
            f"Engine '{self.name}' is not running.{running_elsewhere(self.others)}",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation=f"{instead}   or start it: {start}" if instead else start,
        )

    def ambiguous(self) -> OsemError:
        """Return the error for a task without ``--name`` when several engines run."""
        return OsemError(
            f"Engine '{self.name}' is not running, and several others are."
            f"{running_elsewhere(self.others)}",
            code=ErrorCode.ENGINE_NOT_RUNNING,
            remediation=(
                f"{'   or '.join(f'--endpoint {other.endpoint}' for other in self.others)}"
                f"   or start it: {engine_command('local.up', self.name)}"
            ),
        )


def select(
    configured: str,
    *,
    named: str | None = None,
    started: str | None = None,
    project: str | None = None,
) -> Selection:
    """Return the engine that a command means. Raises OsemError without a state directory.

    ``named`` is the value of ``--name``, ``started`` the engine that this command line started,
    ``configured`` the name in the configuration, ``project`` the folder of this project.
    """
    name = named or started or configured
    record = records.load(name)
    if record or records.begun(name):
        return Selection(name=name, record=record)
    others = running(except_for=name)
    if named or started:
        return Selection(name=name, others=others)
    of_project = tuple(other for other in others if project and other.project == project)
    for candidates in (of_project, others):
        if len(candidates) == 1:
            (only,) = candidates
            return Selection(name=only.name, record=only, is_own=only in of_project)
    return Selection(name=name, others=others)


def running(except_for: str) -> tuple[EngineRecord, ...]:
    """Return the records of a developer's engines that run, by name."""
    # Only a test run itself uses its engine.
    return tuple(
        found.record
        for found in _running(
            record
            for record in records.load_all()
            if record.owner_pid is None and record.name != except_for
        )
    )


def all_running(name: str | None = None) -> tuple[Running, ...]:
    """Return every recorded engine that runs, or only engine ``name``; sorted by name.

    Those of test runs are among them.
    """
    return _running(record for record in records.load_all() if name in (None, record.name))


def _running(recorded: Iterable[EngineRecord]) -> tuple[Running, ...]:
    candidates = sorted(recorded, key=lambda record: record.name)
    if not candidates:
        return ()
    # One at a time, ten engines that do not answer would take ten seconds.
    states = side_by_side(lambda record: presence.state_of(record)[0], candidates, PARALLEL)
    return tuple(
        Running(record, state)
        for record, state in zip(candidates, states, strict=True)
        if state.runs
    )


def running_elsewhere(others: tuple[EngineRecord, ...]) -> str:
    """Return a sentence about the engines that run, with a space before; empty if none does."""
    if not others:
        return ""
    named = ", ".join(f"'{other.name}' at {other.endpoint}" for other in others)
    return f" Running: {named}."
