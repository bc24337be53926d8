"""Checks of single values, which return the value or raise ValueError with a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.config import naming

if TYPE_CHECKING:
    from collections.abc import Callable


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
