"""Show the plan and the result of a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.data.copy import Copied, Pair
    from osem_tasks.errors import OsemError


def copy_plan(pairs: Sequence[Pair], source: str) -> Outcome:
    """Return what a copy would read and write; the counts are DynamoDB's own, which may be old."""
    rows = [
        (
            pair.source.table.name,
            f"to {pair.target.table.name}",
            f"{pair.source.items:,} {'item' if pair.source.items == 1 else 'items'}, {size(pair.source.size)}",
            f"{counted(len(pair.masker.mask.rules), 'path')} masked" if pair.masker else "as it is",
        )
        for pair in pairs
    ]
    return Outcome(
        data={
            "from": source,
            "tables": [{**_pair(pair), "items": pair.source.items} for pair in pairs],
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(
            Mark.INFO,
            f"{counted(len(pairs), 'table')} would be copied from '{source}'; nothing was written",
        ),
    )


def copied_line(names: Sequence[str], copied: Copied) -> Line:
    """Return the line of one table, aligned with those of all ``names``."""
    pair = copied.pair
    text = f"{counted(copied.written, 'item')} written"
    if copied.scanned > copied.read:
        text += f" of {copied.scanned:,} scanned"
    if pair.masker:
        text += f", {counted(len(pair.masker.mask.rules), 'path')} masked"
    if not copied.complete:
        text += ", not complete"
    mark = Mark.DONE if copied.complete else Mark.WARNING
    return Line(mark, f"{pair.declared:{max(map(len, names))}}  {text}")


def copy_outcome(
    pairs: Sequence[Pair], copies: Sequence[Copied], source: str, error: OsemError | None
) -> Outcome:
    """Return the outcome of a copy of ``pairs``, of which ``copies`` have begun."""
    names = [pair.declared for pair in pairs]
    done = [copied for copied in copies if copied.complete]
    left = [name for name in names if name not in {copied.pair.declared for copied in done}]
    written = sum(copied.written for copied in copies)
    summary = f"{counted(written, 'item')} of {counted(len(done), 'table')} copied from '{source}'"
    if error and left:
        summary += (
            f"; not complete: {', '.join(left)} (the same command begins again with every table, "
            "and writes no item twice)"
        )
    return Outcome(
        data={
            "from": source,
            "tablesCopied": [_copied(copied) for copied in done],
            "tablesNotCopied": left,
        },
        lines=[copied_line(names, copied) for copied in copies],
        summary=Line(Mark.FAILED if error else Mark.DONE, summary),
        error=error,
        changed=written > 0,
    )


def _copied(copied: Copied) -> dict[str, Any]:
    return {
        **_pair(copied.pair),
        "scanned": copied.scanned,
        "read": copied.read,
        "written": copied.written,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    masker = pair.masker
    return {
        "tableName": pair.target.table.name,
        "sourceTable": pair.source.table.name,
        "masked": masker.mask.as_json() if masker else {},
        "maskKey": masker.pseudonyms.fingerprint if masker else "",
    }
