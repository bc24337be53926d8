"""Checks of single values, which return the value or raise ValueError with a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osem_tasks.config import naming

if TYPE_CHECKING:
    from collections.abc import Callable

HIGHEST_PORT = 65535
# A file name has at most 255 bytes, and state files contain the engine's name.
MAX_NAME = 128


def integer(value: Any) -> int | None:
    """Return a whole number, also from its digits as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value))
    except ValueError:
        return None


def text(value: Any) -> str:
    """Check a string that says something. Raises ValueError with a message."""
    if not isinstance(value, str) or not value.strip():
        msg = "must be a string"
        raise ValueError(msg)
    return value.strip()


def plain_text(value: Any) -> str:
    """Check a string that may be empty. Raises ValueError with a message."""
    return "" if value == "" else text(value)


def string_list(value: Any) -> tuple[str, ...]:
    """Check a list of strings; one string is a list of one. Raises ValueError with a message."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
        msg = "must be a list of strings"
        raise ValueError(msg)
    return tuple(text(one) for one in given)


def sources_of(value: Any) -> tuple[str, ...]:
    """Check one source or a list of them; an empty string is none. Raises ValueError."""
    if value == "":
        return ()
    try:
        found = string_list(value)
    except ValueError:
        found = ()
    if not found:
        msg = "must be a string or a list of strings"
        raise ValueError(msg)
    return found


def checked_by(problem: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a check that raises ValueError with the ``problem`` of a value, if any."""

    def check(value: Any) -> str:
        if found := problem(value):
            raise ValueError(found)
        return str(value)

    return check


def pattern_or_empty(value: Any) -> str:
    """Check a pattern of table names, or an empty text. Raises ValueError with a message."""
    return "" if value == "" else checked_by(naming.pattern_problem)(value)


def port_number(value: Any) -> int:
    """Check a port of this machine; 0 means any free port. Raises ValueError with a message."""
    number = integer(value)
    if number is None or not 0 <= number <= HIGHEST_PORT:
        msg = f"must be a port number from 0 to {HIGHEST_PORT}"
        raise ValueError(msg)
    return number


def positive(value: Any) -> int:
    """Check a whole number of at least 1. Raises ValueError with a message."""
    return _one_or_more(value, "must be a whole number of at least 1")


def number_of(what: str) -> Callable[[Any], int]:
    """Return a check of a whole number of ``what``, which raises ValueError with a message."""
    return lambda value: _one_or_more(value, f"must be a whole number of {what}, 1 or more")


def _one_or_more(value: Any, problem: str) -> int:
    number = integer(value)
    if number is None or number < 1:
        raise ValueError(problem)
    return number


def seconds(value: Any) -> float:
    """Check a positive number of seconds. Raises ValueError with a message."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf") or isinstance(value, bool):
        msg = "must be a number of seconds greater than 0"
        raise ValueError(msg)
    return number


def engine_name(value: Any) -> str:
    """Check a name for Docker that is also a file name. Raises ValueError with a message."""
    name = text(value)
    # Docker's rule for container names; the state file has the same name.
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name):
        msg = "must be two or more letters, digits, '_', '.' and '-', beginning with a letter or digit"
        raise ValueError(msg)
    if len(name) > MAX_NAME:
        msg = f"must have {MAX_NAME} characters at most"
        raise ValueError(msg)
    return name


def one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a check that a value is in ``known``, which raises ValueError with a message."""

    def check(value: Any) -> str:
        if value not in known:
            msg = f"must be one of {', '.join(known)}"
            raise ValueError(msg)
        return str(value)

    return check
