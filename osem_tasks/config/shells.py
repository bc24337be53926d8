"""Writes variables as lines that a shell evaluates, or that tools read from a file. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT = "bash"
# PowerShell ends a string at each of these.
_POWERSHELL_QUOTE = re.compile("(['\u2018\u2019\u201a\u201b])")
# What python-dotenv, Node and Docker read alike. Quotes would be part of the value for Docker, "#"
# begins a comment for Node, "$" and "\\" mean something to Docker Compose.
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+*=~&;!\[\]-]+")


def lines(shell: str, variables: Mapping[str, str]) -> list[str]:
    """Return one line per variable for ``shell``, one of ``names()``.

    Raises ConfigurationError for a value that the form cannot express.
    """
    write = _FORMS[shell]
    return [write(name, value) for name, value in variables.items()]


def names() -> tuple[str, ...]:
    """Return the names of the shells, and of the one form of file."""
    return tuple(_FORMS)


def _posix(name: str, value: str) -> str:
    # zsh replaces a word after "=" by the path of that program.
    quoted = f"'{value}'" if "=" in value and "'" not in value else shlex.quote(value)
    return f"export {name}={quoted}"


def _fish(name: str, value: str) -> str:
    # In single quotes, fish reads a backslash before a quote and before a backslash.
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"set -gx {name} '{escaped}'"


def _powershell(name: str, value: str) -> str:
    escaped = _POWERSHELL_QUOTE.sub(r"\1\1", value)
    return f"$env:{name} = '{escaped}'"


def _dotenv(name: str, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise ConfigurationError(
            [f"{name} holds what the readers of dotenv files do not read alike: {value!r}"],
            remediation="Use an endpoint of plain letters, or the lines of a shell: --shell bash",
        )
    return f"{name}={value}"


_FORMS: dict[str, Callable[[str, str], str]] = {
    "bash": _posix,
    "zsh": _posix,
    "sh": _posix,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
}
