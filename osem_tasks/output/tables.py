"""Show the environment's tables, and the plan and outcome of a deletion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.output.outcome import Line, Mark, Outcome, agreeing, aligned, counted, size

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from osem_tasks.errors import OsemError
    from osem_tasks.schema.live import LiveTable


def list_outcome(live: dict[str, LiveTable | None], others: Sequence[str]) -> Outcome:
    """Return the tables of the environment, and other tables that the model does not declare."""
    rows = [("TABLE", "STATUS", "ITEMS", "SIZE", "INDEXES")]
    for name, table in live.items():
        if table is None:
            rows.append((name, "missing", "-", "-", "-"))
            continue
        indexes = [f"{index} ({state})" for index, state in sorted(table.index_status.items())]
        cells = (f"{table.items:,}", size(table.size), ", ".join(indexes) or "-")
        rows.append((name, table.status, *cells))
    rows += [(name, "not in the model", "-", "-", "-") for name in others]
    found = [table for table in live.values() if table]
    return Outcome(
        data={
            "tables": [_listed(name, table) for name, table in live.items()],
            "otherTables": list(others),
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(
            Mark.INFO,
            f"{len(found)} of {agreeing(len(live), 'table', 'exist')}, "
            f"{counted(sum(table.items for table in found), 'item')}",
        ),
    )


def deletion_summary(existing: Mapping[str, LiveTable]) -> str:
    """Return how much data a deletion loses: ``6 tables with 120 items (14.2 kB)``."""
    items = sum(table.items for table in existing.values())
    held = size(sum(table.size for table in existing.values()))
    # On AWS the counts are several hours old.
    return f"{counted(len(existing), 'table')} with {counted(items, 'item')} ({held}) at last count"


def deletion_plan(
    existing: Mapping[str, LiveTable], then: str, backups: Collection[str] | None = None
) -> Outcome:
    """Return what a deletion would remove.

    ``backups`` are the tables that are backed up first; None where nobody expects a backup.
    """

    def kept(name: str) -> str:
        if backups is None:
            return ""
        return "backed up first" if name in backups else "no backup"

    rows = [
        (f"- {name}", counted(table.items, "item"), size(table.size), kept(name))
        for name, table in existing.items()
    ]
    text = f"{deletion_summary(existing)} would be deleted {then}".rstrip()
    return Outcome(
        data={
            "actions": [
                {
                    "tableName": name,
                    "action": "delete_table",
                    "target": f"{counted(table.items, 'item')}, {size(table.size)}",
                    "risk": "deletes data",
                    "reason": "asked for",
                }
                for name, table in existing.items()
            ]
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(Mark.INFO, f"{text}; nothing was changed"),
    )


def reset_plan(deletion: Outcome, setup: Outcome) -> Outcome:
    """Return what a reset would remove, and what it would set up then."""
    again = [Line(Mark.PLAIN, "then set up:"), *setup.lines]
    return replace(
        deletion,
        data={**setup.data, "actions": [*deletion.data["actions"], *setup.data["actions"]]},
        lines=[*deletion.lines, *again],
    )


def deletion_outcome(
    deleted: Sequence[str],
    error: OsemError | None,
    *,
    names: Sequence[str] | None = None,
    gone: Collection[str] | None = None,
) -> Outcome:
    """Return the outcome of a deletion of ``names``, by default of those in ``deleted``.

    ``deleted`` are the tables whose deletion was requested, ``gone`` those of them (by default
    all) that do not exist any more.
    """
    names = deleted if names is None else names
    gone = deleted if gone is None else gone
    lines = []
    for name in names if deleted else ():  # if nothing was tried, the error is enough
        if name in gone:
            lines.append(deleted_line(names, name))
        else:
            what = "deletion requested, not waited for" if name in deleted else "not deleted"
            lines.append(Line(Mark.WARNING, _deletion_text(names, name, what)))
    return Outcome(
        data={"tablesDeleted": list(deleted)},
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{counted(len(gone), 'table')} deleted"
            + (f", {len(deleted) - len(gone)} more requested" if len(deleted) > len(gone) else "")
            + (f", {len(names) - len(deleted)} not deleted" if len(names) > len(deleted) else ""),
        ),
        error=error,
        changed=bool(deleted),
    )


def deleted_line(names: Sequence[str], name: str) -> Line:
    """Return the line of a table that is gone, aligned with those of all ``names``."""
    return Line(Mark.DONE, _deletion_text(names, name, "deleted"))


def _deletion_text(names: Sequence[str], name: str, what: str) -> str:
    return f"{name:{max(map(len, names))}}  {what}"


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
