"""Formats the commands that messages tell a user to type."""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_ENGINE = "osem-dynamodb-local"


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
    """Return ``inv TASK WORDS``, quoted for a shell, with ``variables`` set for this command."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
    return " ".join([*settings, "inv", task, *map(shlex.quote, words)])


def engine_command(task: str, engine: str, *words: str) -> str:
    """Return the command for a ``local`` task on the engine of that name, in any shell."""
    named = () if engine == _Engine.name else ("--name", engine)
    return command(task, *named, *words)
