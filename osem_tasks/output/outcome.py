"""The outcome of a task as values: lines for people, data for JSON, at most one error."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.errors import OsemError

KILO = 1000


class Mark(Enum):
    """The meaning of a line, which the console shows as a symbol and a colour."""

    DONE = "done"
    FAILED = "failed"
    WARNING = "warning"
    INFO = "info"
    DETAIL = "detail"
    PLAIN = "plain"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a result."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a task: data for JSON, lines and a summary for people, at most one error.

    ``changed`` says whether anything was created, changed or removed; a failure is then partial.
    """

    data: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    summary: Line | None = None
    error: OsemError | None = None
    changed: bool = False


def counted(number: int, noun: str) -> str:
    """Return ``1 table`` or ``2 tables``; a noun in -x gets -es."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun}{'es' if noun.endswith('x') else 's'}"


def agreeing(number: int, noun: str, verb: str) -> str:
    """Return ``1 table exists`` or ``2 tables exist``."""
    ending = ("es" if verb.endswith("ch") else "s") if number == 1 else ""
    return f"{counted(number, noun)} {verb}{ending}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def size(number: int) -> str:
    """Return a readable number of bytes: ``512 B``, ``1.4 MB``."""
    if number < KILO:
        return f"{number} B"
    value, units = number / KILO, ["kB", "MB", "GB", "TB"]
    # A value that rounds up to 1000.0 becomes 1.0 of the next unit.
    while len(units) > 1 and round(value, 1) >= KILO:
        value /= KILO
        units.pop(0)
    return f"{value:.1f} {units[0]}"
