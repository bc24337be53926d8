"""From results to lines and JSON: pure, the same facts in both forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from osem_tasks.wording import message, remediation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from osem_tasks.errors import OsemError
    from osem_tasks.journal import Entry, Journal
    from osem_tasks.schema.diff import Fact, TableDiff
    from osem_tasks.schema.live import LiveTable


KILO = 1000


class Mark(Enum):
    """How a line is meant; the console gives each a symbol and a colour."""

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
    """What a task came to: data for JSON, lines and a summary for people, one error at most.

    ``changed`` tells whether tables were created or altered, which makes a failure partial.
    """

    data: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    summary: Line | None = None
    error: OsemError | None = None
    changed: bool = False


def counted(number: int, noun: str) -> str:
    """``1 table``, ``2 tables``; a noun in -x gets -es."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun}{'es' if noun.endswith('x') else 's'}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with their columns aligned."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def setup_outcome(journal: Journal, error: OsemError | None, seconds: float) -> Outcome:
    """The account of ``db.setup``."""
    groups = (("created", journal.created), ("verified", journal.verified))
    rows = [
        (Mark.DONE, (name, word, f"{entry.duration:.2f} s"))
        for word, entries in groups
        for name, entry in entries.items()
    ]
    rows += [
        (Mark.FAILED, (name, "FAILED", _cause(entry))) for name, entry in journal.failed.items()
    ]
    if rows:  # where nothing was tried, the error alone says it all
        rows += [(Mark.WARNING, (name, "not attempted", "")) for name in journal.not_attempted]
    rows.sort(key=lambda row: journal.names.index(row[1][0]))
    texts = aligned([cells for _, cells in rows])
    created, verified = len(journal.created), len(journal.verified)
    numbers = f"{created} created, {verified} verified"
    if journal.failed or journal.not_attempted:
        numbers += f", {len(journal.failed)} failed, {len(journal.not_attempted)} not attempted"
    lines = [Line(mark, text) for (mark, _), text in zip(rows, texts, strict=True)]
    lines += [Line(Mark.DONE, f"{each.table}: {each.kind.words}") for each in journal.completed]
    return Outcome(
        data={
            "tablesCreated": _entries(journal.created),
            "tablesVerified": _entries(journal.verified),
            "tablesFailed": _entries(journal.failed),
            "tablesNotAttempted": [
                {"tableName": name, "status": "NOT_ATTEMPTED", "duration": 0}
                for name in journal.not_attempted
            ],
            "totalTables": len(journal.names),
            "actionsCompleted": [each.as_json() for each in journal.completed],
        },
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{counted(len(journal.names), 'table')}: {numbers} ({seconds:.2f} s)",
        ),
        error=error,
        changed=journal.changed,
    )


def verify_outcome(
    diffs: Sequence[TableDiff],
    environment: str,
    error: OsemError | None,
    *,
    other: str = "",
    protected: bool = False,
) -> Outcome:
    """The checks of ``db.verify``, or of ``db.compare`` with the environment ``other``.

    Remedies lead to the model, so that a comparison with another environment has none.
    """

    def remedy(issue: Fact) -> str:
        return "" if other else remediation(issue, environment, protected=protected)

    lines: list[Line] = []
    width = max((len(each.name) for each in diffs), default=0)
    for diff in diffs:
        count = f"{len(diff.same)} of {len(diff.same) + len(diff.issues)} facts"
        left_out = f", {len(diff.not_comparable)} not comparable" if diff.not_comparable else ""
        lines.append(
            Line(
                Mark.FAILED if diff.issues else Mark.DONE,
                f"{diff.name.ljust(width)}  {count}{left_out}",
            )
        )
        for issue in diff.issues:
            lines.append(Line(Mark.PLAIN, f"    {issue.issue.value}  {message(issue)}"))
            if not other:
                lines.append(Line(Mark.DETAIL, f"      {remedy(issue)}"))
    lines += [Line(Mark.DETAIL, text) for text in _left_out(diffs)]
    passed = sum(1 for each in diffs if not each.issues)
    facts = sum(len(each.same) for each in diffs)
    agree = f"agree with '{other}'" if other else "match the model"
    good = f"{passed} of {counted(len(diffs), 'table')} {agree}"
    return Outcome(
        data={
            "checks": [_check(each, remedy) for each in diffs],
            "summary": {
                "totalTables": len(diffs),
                "tablesFound": sum(1 for each in diffs if each.exists),
                "tablesMissing": sum(1 for each in diffs if not each.exists),
                "tablesWithIssues": len(diffs) - passed,
            },
        },
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE, f"{good} ({counted(facts, 'fact')} the same)"
        ),
        error=error,
    )


def list_outcome(live: dict[str, LiveTable | None], others: Sequence[str]) -> Outcome:
    """The tables of the environment, and those beside them that the model does not name."""
    rows = [("TABLE", "STATUS", "ITEMS", "SIZE", "INDEXES")]
    for name, table in live.items():
        if table is None:
            rows.append((name, "missing", "-", "-", "-"))
            continue
        indexes = [f"{each} ({state})" for each, state in sorted(table.index_status.items())]
        cells = (f"{table.items:,}", size(table.size), ", ".join(indexes) or "-")
        rows.append((name, table.status, *cells))
    rows += [(name, "not in the model", "-", "-", "-") for name in others]
    found = [each for each in live.values() if each]
    return Outcome(
        data={
            "tables": [_listed(name, table) for name, table in live.items()],
            "otherTables": list(others),
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(
            Mark.INFO,
            f"{len(found)} of {counted(len(live), 'table')} exist, "
            f"{counted(sum(each.items for each in found), 'item')}",
        ),
    )


def deletion_summary(existing: Mapping[str, LiveTable]) -> str:
    """How much there is to lose: ``6 tables with 120 items (14.2 kB)``."""
    items = sum(each.items for each in existing.values())
    held = size(sum(each.size for each in existing.values()))
    # DynamoDB counts some hours behind on AWS.
    return f"{counted(len(existing), 'table')} with {counted(items, 'item')} ({held}) at last count"


def deletion_plan(existing: Mapping[str, LiveTable], then: str) -> Outcome:
    """What a deletion would take away."""
    rows = [
        (f"- {name}", counted(each.items, "item"), size(each.size))
        for name, each in existing.items()
    ]
    text = f"{deletion_summary(existing)} would be deleted {then}".rstrip()
    return Outcome(
        data={
            "actions": [
                {
                    "tableName": name,
                    "action": "delete_table",
                    "target": f"{counted(each.items, 'item')}, {size(each.size)}",
                    "risk": "deletes data",
                    "reason": "asked for",
                }
                for name, each in existing.items()
            ]
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(Mark.INFO, f"{text}; nothing was changed"),
    )


def deletion_outcome(deleted: Sequence[str], error: OsemError | None) -> Outcome:
    """What a deletion came to."""
    return Outcome(
        data={"tablesDeleted": list(deleted)},
        lines=[Line(Mark.DONE, f"{name}  deleted") for name in deleted],
        summary=Line(
            Mark.FAILED if error else Mark.DONE, f"{counted(len(deleted), 'table')} deleted"
        ),
        error=error,
        changed=bool(deleted),
    )


def size(number: int) -> str:
    """Bytes as people read them: ``512 B``, ``1.4 MB``."""
    if number < KILO:
        return f"{number} B"
    value, units = number / KILO, ["kB", "MB", "GB", "TB"]
    # What would be rounded up to 1000.0 is shown as 1.0 of the next unit.
    while len(units) > 1 and round(value, 1) >= KILO:
        value /= KILO
        units.pop(0)
    return f"{value:.1f} {units[0]}"


def _cause(entry: Entry) -> str:
    """Why a table failed, in the shortest words: its issues, else the error's code."""
    if entry.error is None:
        return ""
    issues = dict.fromkeys(each["type"] for each in entry.error.details.get("issues", ()))
    return ", ".join(issues) or entry.error.code.value


def _left_out(diffs: Sequence[TableDiff]) -> list[str]:
    tables: dict[tuple[str, str], set[str]] = {}
    for diff in diffs:
        for fact in diff.not_comparable:
            path = re.sub(r"\[.*\]", "[*]", fact.path)
            tables.setdefault((path, fact.reason), set()).add(diff.name)
    return [
        f"not comparable: {path} of {counted(len(names), 'table')} ({reason})"
        for (path, reason), names in tables.items()
    ]


def _check(diff: TableDiff, remedy: Callable[[Fact], str]) -> dict[str, Any]:
    return {
        "tableName": diff.name,
        "status": diff.status,
        "passed": not diff.issues,
        "issues": [
            {
                "type": each.issue.value,
                "path": each.path,
                "message": message(each),
                "expected": each.expected,
                "found": each.found,
                "remediation": remedy(each),
            }
            for each in diff.issues
        ],
        "notComparable": [
            {"path": each.path, "expected": each.expected, "reason": each.reason}
            for each in diff.not_comparable
        ],
    }


def _entries(entries: dict[str, Entry]) -> list[dict[str, Any]]:
    return [
        {
            "tableName": name,
            "status": entry.status,
            "duration": round(entry.duration * 1000),
            **({"error": entry.error.as_json()} if entry.error else {}),
        }
        for name, entry in entries.items()
    ]


def _listed(name: str, table: LiveTable | None) -> dict[str, Any]:
    if table is None:
        return {"tableName": name, "status": "NOT_FOUND", "items": 0, "size": 0, "indexes": []}
    return {
        "tableName": name,
        "status": table.status,
        "items": table.items,
        "size": table.size,
        "indexes": [
            {"indexName": index, "status": state}
            for index, state in sorted(table.index_status.items())
        ],
    }
