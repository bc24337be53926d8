"""Show what a new table will have as aligned lines. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from osem_tasks.schema.difference import display
from osem_tasks.schema.live import MAX_THROUGHPUT, RECOVERY, RECOVERY_PERIOD, WARM_THROUGHPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from osem_tasks.plan.created import NewFact

_INDENT = " " * 6
# A longer cell shifts its own line only, so that the other lines stay short.
_WIDEST = 48
_LABELS = {
    "ttl": "time to live",
    RECOVERY: "point-in-time recovery",
    RECOVERY_PERIOD: "recovery period",
}
# What stands before the units of an index.
_UNITS = {MAX_THROUGHPUT: "at most ", WARM_THROUGHPUT: "warm "}


def new_table_lines(facts: Sequence[NewFact]) -> list[str]:
    """Return a line for each fact of the table, and one for each index with all its facts."""
    rows = [
        row
        for holder, group in groupby(facts, _holder)
        for row in ([_index_row(holder, list(group))] if holder else map(_row, group))
    ]
    labels = _width(row[0] for row in rows)
    # The values of the table's own facts stand alone in their lines.
    indexes = [row[1:-1] for row in rows if row[1:-1]]
    widths = [labels, *map(_width, zip(*indexes, strict=True))]
    return [_INDENT + "  ".join([*_padded(row[:-1], widths), row[-1]]) for row in rows]


def _holder(fact: NewFact) -> str:
    """Return the index that a fact belongs to, as ``index[NAME``; empty for the table."""
    return fact.path.rpartition("].")[0]


def _row(fact: NewFact) -> tuple[str, ...]:
    return _LABELS.get(fact.path, fact.path.replace("_", " ")), _text(fact)


def _index_row(holder: str, facts: Sequence[NewFact]) -> tuple[str, ...]:
    kind, _, name = holder.partition("[")
    key, *others = facts
    return kind.replace("_", " "), name, _text(key), "; ".join(map(_text, others))


def _text(fact: NewFact) -> str:
    units = _UNITS.get(fact.path.rpartition("].")[2], "") if _holder(fact) else ""
    mark = f"  ({fact.reason})" if fact.reason else ""
    return f"{units}{display(fact.value)}{mark}"


def _padded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    return (cell.ljust(width) for cell, width in zip(cells, widths, strict=False))


def _width(cells: Iterable[str]) -> int:
    return max((len(cell) for cell in cells if len(cell) <= _WIDEST), default=0)
