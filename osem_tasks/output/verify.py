"""The outcome of ``db.verify`` and ``db.compare``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from osem_tasks.output.messages import message
from osem_tasks.output.outcome import Line, Mark, Outcome, agreeing, counted
from osem_tasks.schema.difference import Fact, TableDiff, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from osem_tasks.errors import OsemError

Remedy = Callable[[TableDiff, Fact], str]


def verify_outcome(
    diffs: Sequence[TableDiff],
    error: OsemError | None,
    *,
    remedy: Remedy | None = None,
    other: str = "",
    absent: Mapping[str, str] | None = None,
) -> Outcome:
    """Return the outcome of ``db.verify``, or of ``db.compare`` with environment ``other``.

    A comparison with another environment has no remedy, because remedies apply the model.
    ``absent`` says of a table that has no facts to compare where it is missing.
    """
    lines = [
        line
        for diff in diffs
        for line in (
            [_absent_line(diff, _width(diffs), absent[diff.name])]
            if absent and diff.name in absent
            else _lines(diff, _width(diffs), remedy)
        )
    ]
    for words, verdict in (
        ("comparable", Verdict.NOT_COMPARABLE),
        ("judged here", Verdict.NOT_JUDGED),
    ):
        lines += [Line(Mark.DETAIL, f"not {words}: {text}") for text in _listed(diffs, verdict)]
    passed = sum(1 for diff in diffs if not diff.issues)
    checks = sum(len(diff.same) for diff in diffs)
    verb, rest = ("agree", f"with '{other}'") if other else ("match", "the model")
    return Outcome(
        data={
            "checks": [_check(diff, remedy) for diff in diffs],
            "summary": {
                "totalTables": len(diffs),
                "tablesFound": sum(1 for diff in diffs if diff.exists),
                "tablesMissing": sum(1 for diff in diffs if not diff.exists),
                "tablesWithIssues": len(diffs) - passed,
            },
        },
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{passed} of {agreeing(len(diffs), 'table', verb)} {rest} "
            f"({counted(checks, 'check')} passed)",
        ),
        error=error,
    )


def _width(diffs: Sequence[TableDiff]) -> int:
    return max(len(diff.name) for diff in diffs)


def _lines(diff: TableDiff, width: int, remedy: Remedy | None) -> Iterator[Line]:
    """Yield the number of matching facts of a table, then the facts that differ."""
    same, issues, unknown = len(diff.same), diff.issues, len(diff.not_comparable)
    count = f"{same} of {same + len(issues)} facts"
    count += f", {unknown} not comparable" if unknown else ""
    count += f", {len(diff.not_judged)} not judged" if diff.not_judged else ""
    mark = Mark.FAILED if issues else Mark.DONE
    yield Line(mark, f"{diff.name.ljust(width)}  {count}")
    for fact in issues:
        yield Line(Mark.PLAIN, f"    {fact.issue_type.value}  {message(fact)}")
        if remedy:
            yield Line(Mark.DETAIL, f"      {remedy(diff, fact)}")


def _absent_line(diff: TableDiff, width: int, where: str) -> Line:
    """Return the line of a table that is missing on one side, or on both."""
    mark = Mark.FAILED if diff.issues else Mark.WARNING
    return Line(mark, f"{diff.name.ljust(width)}  {where}")


def _listed(diffs: Sequence[TableDiff], verdict: Verdict) -> list[str]:
    """Return the facts with ``verdict``, with the number of their tables and the reason."""
    tables: dict[tuple[str, str], set[str]] = {}
    for diff in diffs:
        for fact in diff.facts:
            if fact.verdict is not verdict:
                continue
            path = re.sub(r"\[.*\]", "[*]", fact.path)
            tables.setdefault((path, fact.reason), set()).add(diff.name)
    return [
        f"{path} of {counted(len(names), 'table')} ({reason})"
        for (path, reason), names in tables.items()
    ]


def _check(diff: TableDiff, remedy: Remedy | None) -> dict[str, Any]:
    return {
        "tableName": diff.name,
        "status": diff.status,
        "passed": not diff.issues,
        "issues": [
            {
                "type": fact.issue_type.value,
                "path": fact.path,
                "message": message(fact),
                "expected": fact.expected,
                "found": fact.found,
                "remediation": remedy(diff, fact) if remedy else "",
            }
            for fact in diff.issues
        ],
        "notComparable": [
            {"path": fact.path, "expected": fact.expected, "reason": fact.reason}
            for fact in diff.not_comparable
        ],
        "notJudged": [
            {
                "path": fact.path,
                "expected": fact.expected,
                "found": fact.found,
                "reason": fact.reason,
            }
            for fact in diff.not_judged
        ],
    }
