"""Show what a seed has written, or would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted

if TYPE_CHECKING:
    from osem_tasks.data.seed_writer import Account, Count
    from osem_tasks.errors import OsemError


def seed_outcome(account: Account, error: OsemError | None = None) -> Outcome:
    """Return what was written; after an ``error``, what was written before it."""
    done = [(name, *_cells(count)) for name, count in account.tables.items()]
    marks = [
        Mark.DONE if count.written + count.kept == count.total else Mark.WARNING
        for count in account.tables.values()
    ]
    texts = aligned(done) if account.written or error is None else []
    return Outcome(
        data=_data(account),
        lines=[Line(mark, text) for mark, text in zip(marks, texts, strict=False)],
        summary=Line(_mark(account, error), _summary(account)),
        error=error,
        changed=account.written > 0,
    )


def seed_plan(account: Account, missing: int, *, replacing: bool) -> Outcome:
    """Return what a seed would do; ``missing`` of its items are not there."""
    rows = [
        (
            f"+ {name}",
            f"{counted(count.total - count.kept, 'item')} to write",
            f"{count.kept:,} {'to replace' if replacing else 'there already'}",
        )
        for name, count in account.tables.items()
    ]
    there = f"{counted(account.kept, 'item')} would be replaced" if replacing else ""
    parts = [f"{counted(missing, 'item')} would be written"]
    parts += [there] if there else [f"{account.kept:,} there already"] if account.kept else []
    return Outcome(
        data=_data(account),
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(Mark.INFO, f"{', '.join(parts)}; nothing was changed"),
    )


def _mark(account: Account, error: OsemError | None) -> Mark:
    if error:
        return Mark.FAILED
    return Mark.DONE if account.tables else Mark.WARNING


def _cells(count: Count) -> tuple[str, str]:
    left = count.total - count.written - count.kept
    kept = f"{count.kept:,} there already" if count.kept else ""
    rest = f"{left:,} not written" if left else ""
    return f"{counted(count.written, 'item')} written", ", ".join(filter(None, (kept, rest)))


def _summary(account: Account) -> str:
    if not account.tables:
        return "The seed has no items for these tables; nothing was written"
    total = sum(count.total for count in account.tables.values())
    parts = [f"{counted(account.written, 'item')} written"]
    if account.kept:
        parts.append(f"{account.kept:,} there already, left as they are")
    if left := total - account.written - account.kept:
        parts.append(f"{left:,} not written")
    return f"{counted(len(account.tables), 'table')}: {', '.join(parts)}"


def _data(account: Account) -> dict[str, object]:
    return {
        "tablesSeeded": [
            {
                "tableName": name,
                "items": count.total,
                "written": count.written,
                "existing": count.kept,
            }
            for name, count in account.tables.items()
        ],
        "totalItems": sum(count.total for count in account.tables.values()),
        "itemsWritten": account.written,
        "itemsExisting": account.kept,
    }
