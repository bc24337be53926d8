"""The outcome of ``db.setup``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ErrorCode
from osem_tasks.output.messages import message
from osem_tasks.output.outcome import Line, Mark, Outcome, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.apply.run import Entry, Journal
    from osem_tasks.errors import OsemError
    from osem_tasks.plan.actions import Action

# What becomes of a table without a failure; a row must be final before the others are known.
_WORD_WIDTH = len("verified")


def setup_outcome(journal: Journal, error: OsemError | None, seconds: float) -> Outcome:
    """Return the outcome of ``db.setup``."""
    # A run that ends early leaves tables behind that it has requested and does not wait for.
    late = {name: e.status for name, e in journal.created.items() if error and e.status != "ACTIVE"}
    why = _why_late(error)
    lines = _table_lines(journal, {name: f"{status}, {why}" for name, status in late.items()})
    lines += [completed_line(action) for action in journal.completed]
    lines += undeclared_lines(journal)
    numbers = _numbers(journal, f" ({len(late)} {why})" if late else "")
    return Outcome(
        data=_data(journal),
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{counted(len(journal.names), 'table')}: {numbers} ({seconds:.2f} s)",
        ),
        error=error,
        changed=journal.changed,
    )


def finished_line(journal: Journal, name: str) -> Line:
    """Return the line of a table that is finished; it does not change any more."""
    created = journal.created.get(name)
    entry = created or journal.verified[name]
    duration = f"{entry.duration:.2f} s"
    return _row(journal, Mark.DONE, name, "created" if created else "verified", duration)


def completed_line(action: Action) -> Line:
    """Return the line of a step that is done."""
    return Line(Mark.DONE, f"{action.table}: {action.kind.words}")


def _row(journal: Journal, mark: Mark, name: str, word: str, more: str) -> Line:
    """Return the line of a table, aligned with those of all the others, known or not."""
    width = max(map(len, journal.names))
    return Line(mark, f"{name:{width}}  {word:{_WORD_WIDTH}}  {more}".rstrip())


def _table_lines(journal: Journal, late: Mapping[str, str]) -> list[Line]:
    """Return a line per table, in the model's order; ``late`` says what is not ready, and why."""
    lines = {
        name: finished_line(journal, name)
        for name in (*journal.verified, *journal.created)
        if name not in late
    }
    for name, word in late.items():
        duration = f"{journal.created[name].duration:.2f} s"
        lines[name] = _row(journal, Mark.WARNING, name, word, duration)
    for name, entry in journal.failed.items():
        lines[name] = _row(journal, Mark.FAILED, name, "FAILED", _cause(entry))
    if lines:  # if nothing was tried, the error is enough
        for name in journal.not_attempted:
            lines[name] = _row(journal, Mark.WARNING, name, "not attempted", "")
    return [lines[name] for name in journal.names if name in lines]


def _numbers(journal: Journal, late: str) -> str:
    numbers = f"{len(journal.created)} created{late}, {len(journal.verified)} verified"
    if journal.failed or journal.not_attempted:
        numbers += f", {len(journal.failed)} failed, {len(journal.not_attempted)} not attempted"
    return numbers


def _data(journal: Journal) -> dict[str, Any]:
    return {
        "tablesCreated": _entries(journal.created),
        "tablesVerified": _entries(journal.verified),
        "tablesFailed": _entries(journal.failed),
        "tablesNotAttempted": [
            {"tableName": name, "status": "NOT_ATTEMPTED", "duration": 0}
            for name in journal.not_attempted
        ],
        "totalTables": len(journal.names),
        "actionsCompleted": [action.as_json() for action in journal.completed],
        "indexesNotDeclared": [
            {"tableName": table, "path": fact.path, "found": fact.found}
            for table, fact in journal.undeclared
        ],
    }


def undeclared_lines(journal: Journal) -> list[Line]:
    """Return a warning for each index that is not declared: setup leaves it as it is."""
    return [
        Line(Mark.WARNING, f"{table}: {message(fact)}; it stays as it is")
        for table, fact in journal.undeclared
    ]


def _why_late(error: OsemError | None) -> str:
    timed_out = error is not None and error.code is ErrorCode.TIMEOUT
    return "not ready in time" if timed_out else "not waited for"


def _cause(entry: Entry) -> str:
    """Return why a table failed, briefly: its issues, or else the error's code."""
    if entry.error is None:
        return ""
    return ", ".join(entry.issues) or entry.error.code.value


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
