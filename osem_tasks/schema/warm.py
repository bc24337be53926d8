"""Warm throughput: what a table or an index can serve at once, without growing first.

AWS raises it with use, and on request; nothing lowers it. So a live value that is higher than
the declared one is as good as declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.schema.model import Index, Table


@dataclass(frozen=True, slots=True)
class WarmThroughput:
    """Read and write units per second; ``None``: that number is not declared."""

    read: int | None = None
    write: int | None = None

    def __str__(self) -> str:
        numbers = ((self.read, "read"), (self.write, "write"))
        return ", ".join(f"{units} {what}" for units, what in numbers if units is not None)


# What AWS gives to every on-demand table and index.
ON_DEMAND = WarmThroughput(12_000, 4_000)


def is_reached(declared: WarmThroughput, found: WarmThroughput | None) -> bool:
    """Return whether ``found`` is at least ``declared``."""
    found = found or WarmThroughput()
    return _at_least(found.read, declared.read) and _at_least(found.write, declared.write)


def highest(one: WarmThroughput | None, other: WarmThroughput | None) -> WarmThroughput | None:
    """Return the higher number of both for reads and for writes."""
    if one is None or other is None:
        return one or other
    return WarmThroughput(_highest(one.read, other.read), _highest(one.write, other.write))


def least(holder: Table | Index, billing: str) -> WarmThroughput:
    """Return the least that AWS gives to a table or an index: its units, or that of on demand."""
    if billing != "PROVISIONED":
        return ON_DEMAND
    units = holder.throughput
    return WarmThroughput(units.read, units.write) if units else WarmThroughput(1, 1)


def above(warm: WarmThroughput | None, bound: WarmThroughput) -> WarmThroughput | None:
    """Return the numbers of ``warm`` that are higher than ``bound``; None if none is."""
    if warm is None:
        return None
    read = None if _at_least(bound.read, warm.read) else warm.read
    write = None if _at_least(bound.write, warm.write) else warm.write
    return None if read is write is None else WarmThroughput(read, write)


def raised(holder: Table | Index, billing: str) -> WarmThroughput | None:
    """Return what a live table or index has above AWS's own values; None if nothing.

    A table that was on demand before keeps what AWS gave it then.
    """
    if holder.warm_throughput == ON_DEMAND:
        return None
    return above(holder.warm_throughput, least(holder, billing))


def _at_least(found: int | None, wanted: int | None) -> bool:
    return wanted is None or (found is not None and found >= wanted)


def _highest(one: int | None, other: int | None) -> int | None:
    return max((units for units in (one, other) if units is not None), default=None)
