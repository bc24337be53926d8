"""Formats the commands that messages tell a user to type, for the program that runs."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.config.target import Target
    from osem_tasks.plan.remedies import Remedy

DEFAULT_ENGINE = "osem-dynamodb-local"
# The program that has every task and needs no tasks.py.
OWN_PROGRAM = "osem"


@dataclass(frozen=True, slots=True)
class Program:
    """The program that a user types.

    ``words`` are its name and its own options, such as ``inv -c ops``. ``names`` maps the suite's
    task names to the names in that program, where ``ddb.db.setup`` may stand for ``db.setup``;
    None means that they are the same.
    """

    words: tuple[str, ...]
    names: Mapping[str, str] | None = None

    def call(self, task: str) -> tuple[str, ...]:
        """Return the words that call ``task``; ``osem`` has the tasks that this program lacks."""
        if self.names is None:
            return *self.words, task
        name = self.names.get(task)
        return (*self.words, name) if name else (OWN_PROGRAM, task)


class _State:
    program: Program | None = None


@contextlib.contextmanager
def typed_in(program: Program | None) -> Iterator[None]:
    """Format the commands for ``program`` while the body runs; None keeps the current one."""
    before = _State.program
    _State.program = program or before
    try:
        yield
    finally:
        _State.program = before


class _Engine:
    # The engine that a command without --name means in every shell; None if that depends on it.
    name: str | None = DEFAULT_ENGINE


@contextlib.contextmanager
def engine_names() -> Iterator[None]:
    """Let ``configure_engine`` hold while the body runs."""
    before = _Engine.name
    try:
        yield
    finally:
        _Engine.name = before


def configure_engine(name: str | None) -> None:
    """Set the engine that commands need not name; None names every engine.

    ``name`` is that of the configuration files: a variable may be set for one command only.
    """
    _Engine.name = name


def command(task: str, *words: str, variables: Mapping[str, str] | None = None) -> str:
    """Return the command line of ``task``, quoted for a shell, with ``variables`` set for it."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
    program = _State.program or _program_here()
    return " ".join([*settings, *map(shlex.quote, (*program.call(task), *words))])


def engine_command(task: str, engine: str, *words: str) -> str:
    """Return the command for a ``local`` task on the engine of that name, in any shell."""
    named = () if engine == _Engine.name else ("--name", engine)
    return command(task, *named, *words)


def pytest_command(*words: str) -> str:
    """Return ``pytest WORDS``, quoted for a shell."""
    return " ".join(["pytest", *map(shlex.quote, words)])


def remedy_text(remedy: Remedy, target: Target) -> str:
    """Return a remedy on ``target`` in words, with the command if there is one."""
    if not remedy.task:
        return remedy.words
    there = target.narrowed(remedy.tables) if remedy.tables else target
    other = f"   or, {remedy_text(remedy.other, target)}" if remedy.other else ""
    return f"{remedy.words}{there.command(remedy.task, *remedy.options)}{remedy.gives}{other}"


def _program_here() -> Program:
    """Return what works in this directory where no program runs, as in pytest or Nox."""
    try:
        here = Path.cwd()
    except OSError:  # the current directory is gone
        return Program((OWN_PROGRAM,))
    found = any(
        (folder / name).is_file()
        for folder in (here, *here.parents)
        for name in ("tasks.py", "tasks/__init__.py")
    )
    return Program(("inv",) if found else (OWN_PROGRAM,))
