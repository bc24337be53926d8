"""Plans changes of billing, provisioned units, on-demand limits and warm throughput.

What gives a table or an index less than it has needs ``--reduce``: fewer units, a lower
limit, a limit that goes (it bounds the cost), and the switch to provisioned billing, because
an on-demand table serves up to twice its highest peak. The switch to on-demand takes nothing
away, unless it brings limits: AWS documents that the table then serves at least what it was
provisioned for.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from osem_tasks.plan.actions import REDUCE, Action, Kind, Risk
from osem_tasks.schema.live import MAX_THROUGHPUT, WARM_THROUGHPUT
from osem_tasks.schema.model import NO_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table, Throughput

_LIMIT = "AWS limits how often throughput may be lowered in a day"


def capacity_actions(declared: Table, live: LiveTable, diff: TableDiff) -> Iterator[Action]:
    """Yield the switch of the billing mode, or else the changes of units and limits."""
    if declared.billing != live.table.billing:
        yield from _switch(declared, live)
        return
    paths = {fact.path for fact in diff.issues}
    for prefix, holder, index, found in _holders(declared, live):
        path = f"{prefix}throughput"
        if holder.throughput and path in paths:
            yield _throughput(declared, holder, index, found, path)
        path = f"{prefix}max_throughput"
        if holder.max_throughput and path in paths:
            yield _limit(declared, holder, index, found, path)


def warm_actions(declared: Table, live: LiveTable, diff: TableDiff) -> Iterator[Action]:
    """Yield the raises of warm throughput; a live value is never too high."""
    paths = {fact.path for fact in diff.issues}
    for prefix, holder, index, found in _holders(declared, live):
        path = f"{prefix}{WARM_THROUGHPUT}"
        if holder.warm_throughput and path in paths:
            yield Action(
                declared.name,
                Kind.UPDATE_WARM_THROUGHPUT,
                f"{holder.warm_throughput} ({holder.name})",
                Risk.SAFE,
                f"found {found.warm_throughput or 'none'}; AWS charges for it once, and never "
                "lowers it again",
                (),
                index,
                (path,),
            )


def reduces(mine: Table | Index, found: Table | Index) -> bool:
    """Return whether ``mine`` has less capacity than ``found``, in the same billing mode."""
    if mine.throughput and found.throughput and _less(mine.throughput, found.throughput):
        return True
    limit, theirs = mine.max_throughput, found.max_throughput or NO_LIMIT
    return limit is not None and (_less(limit, theirs) or _opens(limit, theirs))


def switch_reduces(declared: Table, live: LiveTable) -> bool:
    """Return whether the declared billing mode differs and gives less than the live one."""
    return any(
        action.kind is Kind.UPDATE_BILLING and REDUCE in action.requires
        for action in (_switch(declared, live) if declared.billing != live.table.billing else ())
    )


def _holders(
    declared: Table, live: LiveTable
) -> Iterator[tuple[str, Table | Index, Index | None, Table | Index]]:
    yield "", declared, None, live.table
    theirs = {index.name: index for index in live.table.global_indexes}
    for index in declared.global_indexes:
        if index.name in theirs:
            yield f"index[{index.name}].", index, index, theirs[index.name]


def _switch(declared: Table, live: LiveTable) -> Iterator[Action]:
    target = f"{declared.billing} (found {live.table.billing})"
    limit = "AWS limits how often the billing mode may be switched in 24 hours"
    if declared.billing == "PROVISIONED":
        reason = f"requests above the declared units are throttled; {limit}"
        yield _billing(declared, target, Risk.REMOVES, reason, (REDUCE,))
        return
    # Only this mode has limits; an index that is built gets its own limit.
    holders = [
        (f"{prefix}max_throughput", index, holder)
        for prefix, holder, index, _ in _holders(declared, live)
        if holder.max_throughput and MAX_THROUGHPUT not in live.unreadable
    ]
    # A switch without the declared limits would leave the cost open, and limits that come after
    # the switch take capacity away: after an interruption between them, the next run says so too.
    risk = Risk.REMOVES if holders else Risk.RATE_LIMITED
    requires = (REDUCE,) if holders else ()
    yield _billing(declared, target, risk, limit, requires)
    for path, index, holder in holders:
        why = "requests above the declared limit are throttled"
        yield _max_throughput(declared, holder, index, path, (Risk.REMOVES, why), requires)


def _billing(
    declared: Table, target: str, risk: Risk, reason: str, requires: tuple[str, ...]
) -> Action:
    kind = Kind.UPDATE_BILLING
    return Action(declared.name, kind, target, risk, reason, requires, mends=("billing",))


def _throughput(
    declared: Table, holder: Table | Index, index: Index | None, found: Table | Index, path: str
) -> Action:
    less = reduces(holder, found)
    return Action(
        declared.name,
        Kind.UPDATE_THROUGHPUT,
        f"{holder.throughput} ({holder.name})",
        Risk.REMOVES if less else Risk.RATE_LIMITED,
        f"found {found.throughput}: requests above the new units are throttled; {_LIMIT}"
        if less
        else _LIMIT,
        (REDUCE,) if less else (),
        index,
        (path,),
    )


def _limit(
    declared: Table, holder: Table | Index, index: Index | None, found: Table | Index, path: str
) -> Action:
    limit, theirs = holder.max_throughput or NO_LIMIT, found.max_throughput or NO_LIMIT
    if _less(limit, theirs):
        risk = (Risk.REMOVES, f"found {theirs}: requests above the new limit are throttled")
        return _max_throughput(declared, holder, index, path, risk, (REDUCE,))
    if _opens(limit, theirs):
        risk = (Risk.REMOVES, f"found {theirs}: without a limit nothing bounds the cost")
        return _max_throughput(declared, holder, index, path, risk, (REDUCE,))
    safe = (Risk.SAFE, "the declared limit differs")
    return _max_throughput(declared, holder, index, path, safe, ())


def _max_throughput(  # noqa: PLR0917  an action has as many parts
    declared: Table,
    holder: Table | Index,
    index: Index | None,
    path: str,
    risk: tuple[Risk, str],
    requires: tuple[str, ...],
) -> Action:
    return Action(
        declared.name,
        Kind.UPDATE_MAX_THROUGHPUT,
        f"{holder.max_throughput} ({holder.name})",
        *risk,
        requires,
        index,
        (path,),
    )


def _less(mine: Throughput, theirs: Throughput) -> bool:
    """Return whether either number is lower; a limit of -1 is none."""
    return _number(mine.read) < _number(theirs.read) or _number(mine.write) < _number(theirs.write)


def _number(units: int) -> float:
    return inf if units < 0 else units


def _opens(limit: Throughput, theirs: Throughput) -> bool:
    """Return whether a limit goes that there is now."""
    return (limit.read < 0 <= theirs.read) or (limit.write < 0 <= theirs.write)
