"""Differences as data: every declared fact of a table with its verdict.

Verify, setup, repair and their JSON output all use the same comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from osem_tasks.schema.emulators import AWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import TableSet

Plain = str | bool | dict[str, str] | None


class Verdict(str, Enum):
    """The outcome of one comparison."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"
    NOT_JUDGED = "not judged"


class IssueType(str, Enum):
    """The kind of fact that differs; scripts may rely on these names."""

    TABLE_NOT_FOUND = "TABLE_NOT_FOUND"
    TABLE_NOT_ACTIVE = "TABLE_NOT_ACTIVE"
    WRONG_PARTITION_KEY = "WRONG_PARTITION_KEY"
    WRONG_SORT_KEY = "WRONG_SORT_KEY"
    WRONG_KEY_TYPE = "WRONG_KEY_TYPE"
    MISSING_GSI = "MISSING_GSI"
    EXTRA_GSI = "EXTRA_GSI"
    WRONG_GSI_KEYS = "WRONG_GSI_KEYS"
    WRONG_GSI_PROJECTION = "WRONG_GSI_PROJECTION"
    GSI_NOT_ACTIVE = "GSI_NOT_ACTIVE"
    MISSING_LSI = "MISSING_LSI"
    EXTRA_LSI = "EXTRA_LSI"
    WRONG_LSI_KEYS = "WRONG_LSI_KEYS"
    WRONG_LSI_PROJECTION = "WRONG_LSI_PROJECTION"
    WRONG_BILLING_MODE = "WRONG_BILLING_MODE"
    WRONG_WARM_THROUGHPUT = "WRONG_WARM_THROUGHPUT"
    WRONG_TAGS = "WRONG_TAGS"
    WRONG_TTL = "WRONG_TTL"
    WRONG_STREAM = "WRONG_STREAM"
    WRONG_DELETION_PROTECTION = "WRONG_DELETION_PROTECTION"
    WRONG_PITR = "WRONG_PITR"
    WRONG_ENCRYPTION = "WRONG_ENCRYPTION"
    WRONG_TABLE_CLASS = "WRONG_TABLE_CLASS"


@dataclass(frozen=True, slots=True)
class Fact:
    """One compared fact. ``issue_type`` is the name of a difference in it.

    ``index`` is the name of the global index that the fact belongs to.
    """

    path: str
    verdict: Verdict
    issue_type: IssueType
    expected: Plain
    found: Plain
    reason: str = ""
    index: str | None = None


def fact_of(
    path: str, issue: IssueType, expected: Plain, found: Plain, index: str | None = None
) -> Fact:
    """Return the fact ``path``, whose texts are also its values."""
    return judged_fact(path, issue, expected, found, same=expected == found, index=index)


def judged_fact(
    path: str,
    issue: IssueType,
    expected: Plain,
    found: Plain,
    *,
    same: bool,
    index: str | None = None,
) -> Fact:
    """Return a fact whose raw values were already compared; the texts only display them."""
    verdict = Verdict.SAME if same else Verdict.DIFFERENT
    return Fact(path, verdict, issue, expected, found, index=index)


@dataclass(frozen=True, slots=True)
class TableDiff:
    """Every fact of one declared table; ``status`` is the engine's status or NOT_FOUND."""

    name: str
    status: str
    facts: tuple[Fact, ...]

    @property
    def exists(self) -> bool:
        """Whether the table exists in the engine."""
        return all(fact.issue_type is not IssueType.TABLE_NOT_FOUND for fact in self.issues)

    @property
    def issues(self) -> tuple[Fact, ...]:
        """The facts that differ."""
        return self._with(Verdict.DIFFERENT)

    @property
    def same(self) -> tuple[Fact, ...]:
        """The facts that match the declaration."""
        return self._with(Verdict.SAME)

    @property
    def not_comparable(self) -> tuple[Fact, ...]:
        """The facts that this engine does not report, with the reasons."""
        return self._with(Verdict.NOT_COMPARABLE)

    @property
    def not_judged(self) -> tuple[Fact, ...]:
        """The facts that something else sets (``Table.ignored``), with the reasons."""
        return self._with(Verdict.NOT_JUDGED)

    def _with(self, verdict: Verdict) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact.verdict is verdict)


def display(value: Plain) -> str:
    """Format an expected or found value for people."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return ", ".join(f"{key}={text}" for key, text in sorted(value.items())) or "none"
    return str(value)


def days_text(number: int) -> str:
    """Format a number of days: ``1 day``, ``7 days``."""
    return f"{number} day{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The declared tables, the live tables and their differences, in the model's order.

    ``engine`` holds them, or will hold those that are missing.
    """

    tables: TableSet
    found: Mapping[str, LiveTable | None]
    diffs: tuple[TableDiff, ...]
    engine: Engine = AWS

    @property
    def differing(self) -> tuple[TableDiff, ...]:
        """The tables that differ from their declaration."""
        return tuple(diff for diff in self.diffs if diff.issues)
