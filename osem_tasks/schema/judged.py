"""Judges a table without the facts that something else sets (``Table.ignored``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.difference import Fact, IssueType, Verdict, days_text
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.ignored import READ, WRITE, split_fact
from osem_tasks.schema.live import RECOVERY, RECOVERY_PERIOD, WARM_THROUGHPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import Plain
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Index, Table, Throughput


def as_judged(declared: Table, found: LiveTable) -> Table:
    """Return ``declared`` with the live value wherever a fact is ignored.

    What is compared, planned and sent uses this table, so that a change of one fact keeps what
    something else has set for another.
    """
    if not declared.ignored:
        return declared
    live = found.table
    billing = live.billing if "billing" in declared.ignored else declared.billing
    theirs = {index.name: index for index in live.global_indexes}
    facts: dict[str, Any] = {
        setting.field: None for setting in SETTINGS if setting.field in declared.ignored
    }
    # A change of the period would also turn on recovery.
    if {RECOVERY, RECOVERY_PERIOD} & declared.ignored:
        facts[RECOVERY_PERIOD] = None
    table = replace(declared, check=False, billing=billing, **facts)
    return replace(
        table,
        check=False,
        global_indexes=tuple(
            replace(index, **_capacity(table, index, theirs.get(index.name)))
            for index in declared.global_indexes
        ),
        **_capacity(table, None, live),
    )


def _capacity(table: Table, index: Index | None, found: Table | Index | None) -> dict[str, Any]:
    """Return the capacity to judge of a table or an index; ``found`` is its live counterpart."""
    holder = index or table
    units, limit, warm = holder.throughput, holder.max_throughput, holder.warm_throughput
    ignored = {
        fact for name in table.ignored for of, fact in (split_fact(name),) if of == _name(index)
    }
    if "max_throughput" in ignored:
        limit = None
    if "warm_throughput" in ignored:
        warm = None
    if "billing" in table.ignored and (units is None) != (table.billing != "PROVISIONED"):
        theirs = found.throughput if found else None
        return {"throughput": theirs, "max_throughput": None, "warm_throughput": warm}
    return {
        "throughput": _units(units, found.throughput if found else None, ignored),
        "max_throughput": limit,
        "warm_throughput": warm,
    }


def _name(index: Index | None) -> str | None:
    return index.name if index else None


def _units(
    mine: Throughput | None, theirs: Throughput | None, ignored: set[str]
) -> Throughput | None:
    if mine is None or theirs is None:
        return mine
    both = "throughput" in ignored
    return replace(
        mine,
        read=theirs.read if both or READ in ignored else mine.read,
        write=theirs.write if both or WRITE in ignored else mine.write,
    )


def ignored_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    """Yield a fact for everything that is declared and not judged."""
    mine = {index.name: index for index in declared.global_indexes}
    theirs = {index.name: index for index in found.table.global_indexes}
    ignored = set(declared.ignored)
    if RECOVERY in ignored and declared.recovery_period_in_days is not None:
        ignored.add(RECOVERY_PERIOD)
    for name in sorted(ignored):
        index, fact = split_fact(name)
        holder = declared if index is None else mine.get(index)
        live = found.table if index is None else theirs.get(index)
        yield Fact(
            name,
            Verdict.NOT_JUDGED,
            _issue_type(fact),
            _shown(holder, fact) if holder else None,
            _shown(live, fact) if live else None,
            "something else sets it",
            index,
        )


def _issue_type(fact: str) -> IssueType:
    of_settings = {setting.field: setting.issue_type for setting in SETTINGS}
    others = {
        WARM_THROUGHPUT: IssueType.WRONG_WARM_THROUGHPUT,
        RECOVERY_PERIOD: IssueType.WRONG_PITR,
    }
    return {**of_settings, **others}.get(fact, IssueType.WRONG_BILLING_MODE)


def _shown(holder: Table | Index, fact: str) -> Plain:
    if fact in (READ, WRITE):
        units = holder.throughput
        return None if units is None else str(units.read if fact == READ else units.write)
    value = getattr(holder, fact)
    if fact == RECOVERY_PERIOD:
        return None if value is None else days_text(value)
    setting = next((row for row in SETTINGS if row.field == fact), None)
    if value is None or setting is None:
        return None if value is None else str(value)
    return setting.show(value)
