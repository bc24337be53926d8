"""The outcome of ``db.compare``: how two environments differ, and which tables one of them lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from osem_tasks.output.outcome import Line, Mark, Outcome, agreeing, counted
from osem_tasks.output.verify import verify_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.errors import OsemError
    from osem_tasks.schema.difference import TableDiff

MISSING = "missing in both"


class Sides(NamedTuple):
    """What the two environments of a comparison are called; ``theirs`` is that of ``--with``."""

    mine: str
    theirs: str

    def only_in(self, exists: tuple[bool, bool]) -> str:
        """Return where a table is, from whether it exists on each side; empty: in both."""
        words = {
            (False, False): MISSING,
            (True, False): f"only in {self.mine}",
            (False, True): f"only in {self.theirs}",
        }
        return words.get(exists, "")


def compare_outcome(
    diffs: Sequence[TableDiff],
    exists: Mapping[str, tuple[bool, bool]],
    sides: Sides,
    error: OsemError | None,
) -> Outcome:
    """Return the outcome of ``db.compare``.

    ``exists`` maps each table to whether it exists on our side and on theirs. A table that is
    missing in both agrees with nothing; it is no difference either.
    """
    where = {diff.name: sides.only_in(exists[diff.name]) for diff in diffs}
    absent = {name: words for name, words in where.items() if words}
    outcome = verify_outcome(diffs, error, other=sides.theirs, absent=absent)
    data = outcome.data
    return replace(
        outcome,
        data={
            "checks": [_told(check, absent) for check in data["checks"]],
            "summary": {**data["summary"], **_numbers(exists)},
        },
        summary=_summary(diffs, absent, sides, error),
    )


def _told(check: dict[str, Any], absent: Mapping[str, str]) -> dict[str, Any]:
    """Return a check with where its table is; an issue says it in the same words."""
    name = check["tableName"]
    issues = [{**issue, "message": absent.get(name, issue["message"])} for issue in check["issues"]]
    return {**check, "where": absent.get(name, "in both"), "issues": issues}


def _numbers(exists: Mapping[str, tuple[bool, bool]]) -> dict[str, int]:
    """Return the tables by where they exist; found are those that both environments have."""
    number = Counter(exists.values())
    both = number[True, True]
    return {
        "tablesFound": both,
        "tablesMissing": len(exists) - both,
        "tablesMissingInBoth": number[False, False],
        "tablesOnlyHere": number[True, False],
        "tablesOnlyThere": number[False, True],
    }


def _summary(
    diffs: Sequence[TableDiff], absent: Mapping[str, str], sides: Sides, error: OsemError | None
) -> Line:
    agree = sum(1 for diff in diffs if not diff.issues and diff.name not in absent)
    checks = sum(len(diff.same) for diff in diffs)
    parts = [f"{agree} of {agreeing(len(diffs), 'table', 'agree')} with '{sides.theirs}'"]
    number = Counter(absent.values())
    order = (MISSING, f"only in {sides.mine}", f"only in {sides.theirs}")
    parts += [f"{number[words]} {words}" for words in order if number[words]]
    text = f"{', '.join(parts)} ({counted(checks, 'check')} passed)"
    return Line(Mark.FAILED if error else Mark.DONE, text)
