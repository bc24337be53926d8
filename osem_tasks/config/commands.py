"""Formats the commands that messages tell a user to type."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ENGINE = "osem-dynamodb-local"


def command(task: str, *words: str, variables: Mapping[str, str] | None = None) -> str:
    """Return ``inv TASK WORDS``, quoted for a shell, with ``variables`` set for this command."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
    return " ".join([*settings, "inv", task, *map(shlex.quote, words)])


def engine_command(task: str, engine: str, *words: str) -> str:
    """Return the command for a ``local`` task on the engine of that name."""
    named = () if engine == DEFAULT_ENGINE else ("--name", engine)
    return command(task, *named, *words)


def pytest_command(*words: str) -> str:
    """Return ``pytest WORDS``, quoted for a shell."""
    return " ".join(["pytest", *map(shlex.quote, words)])
