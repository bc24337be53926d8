"""Finds out which program runs a task, and what a user types to run another one.

Invoke tells a task neither the program nor the name under which a collection was added.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from invoke.tasks import Task

from osem_tasks.config.commands import Program
from osem_tasks.tasks.stack import program_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke.collection import Collection
    from invoke.program import Program as InvokeProgram

# Invoke's own options that decide which tasks and which configuration are loaded.
KEPT = {"collection": "--collection", "search-root": "--search-root", "config": "--config"}


def running() -> Program | None:
    """Return the program on whose behalf this code runs; None in a script or a test."""
    program = program_in("execute")
    if program is None:
        return None
    collection = getattr(program, "collection", None)
    return Program((*typed_words(program), *_options(program)), _names(collection))


def typed_words(program: InvokeProgram) -> tuple[str, ...]:
    """Return the words before the arguments, as they can be typed again: ``python -m invoke``."""
    return typed(getattr(program, "given_argv", program.argv))


def typed(argv: list[str]) -> tuple[str, ...]:
    """Return the words before the arguments of a program that got ``argv``."""
    return _typed() if _is_typed(argv) else (argv[0],)


def key_of(task: object) -> str | None:
    """Return the name of a task of this suite, such as ``db.setup``; None for other tasks."""
    key = getattr(task, "osem_name", None)
    return key if isinstance(key, str) else None


def _options(program: InvokeProgram) -> Iterator[str]:
    for name, option in KEPT.items():
        value = program.args[name].value if name in program.args else None
        if value is not None:
            yield from (option, str(value))


def _names(collection: Collection | None) -> dict[str, str] | None:
    """Return the suite's tasks in ``collection``, under the names that it gives them."""
    if collection is None:
        return None
    names: dict[str, str] = {}
    for name in collection.task_names:
        task = collection[name]
        key = key_of(task) if isinstance(task, Task) else None
        if key:
            names.setdefault(key, name)
    return names


def _is_typed(argv: list[str]) -> bool:
    """Return whether the program got the arguments of this process, and not some of its own."""
    return argv == sys.argv and sys.orig_argv[len(sys.orig_argv) - len(argv[1:]) :] == argv[1:]


def _typed() -> tuple[str, ...]:
    """Return the words before the arguments, as they can be typed again."""
    script, given = sys.argv[0], sys.argv[1:]
    leading = tuple(sys.orig_argv[: len(sys.orig_argv) - len(given)])
    if getattr(sys.modules.get("__main__"), "__spec__", None) is not None:
        # python -m invoke, python -m osem_tasks
        return (_interpreter(leading[0]), *leading[1:])
    return _temporary(Path(script)) or _in_shell(script) or leading


def _interpreter(path: str) -> str:
    """Return ``python``, if that is this interpreter in the shell, or else its path.

    The file alone does not tell: that of a virtual environment is a link to another one's.
    """
    name = Path(path).name
    found = shutil.which(name)
    return name if found and os.path.abspath(found) == os.path.abspath(path) else path  # noqa: PTH100  resolve follows links


def _in_shell(script: str) -> tuple[str, ...] | None:
    """Return the name of a script that the shell finds, or else its path if it can be run."""
    path = Path(script)
    name = path.name.removesuffix(".exe")
    found = shutil.which(name)
    if found and path.exists() and Path(found).samefile(path):
        # `uv run` extends PATH for its child only.
        return ("uv", "run", name) if "UV_RUN_RECURSION_DEPTH" in os.environ else (name,)
    runs = os.sep in script and os.access(path, os.X_OK)
    return (script,) if runs else None


def _temporary(path: Path) -> tuple[str, ...] | None:
    """Return the call of a program that uvx or pipx has installed for this run only."""
    name = path.name.removesuffix(".exe")
    if any(part.startswith("archive-v") for part in path.parts):
        return ("uvx", "--from", _source(), name)
    if "pipx" in path.parts and ".cache" in path.parts:
        return ("pipx", "run", "--spec", _source(), name)
    return None


def _source() -> str:
    """Return where this distribution was installed from."""
    from osem_tasks.config import distribution

    url = distribution.origin().get("url")
    if not url:
        return distribution.NAME
    parts = urlsplit(str(url))
    return unquote(parts.path) if parts.scheme == "file" else str(url)
