"""Compares a declared table with a live one, fact by fact.

Every declared fact gets a verdict; undeclared facts are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.schema.compare_capacity import billing_facts, warm_facts
from osem_tasks.schema.difference import (
    Comparison,
    Fact,
    IssueType,
    TableDiff,
    Verdict,
    days_text,
    fact_of,
    judged_fact,
)
from osem_tasks.schema.emulators import AWS
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.judged import as_judged, ignored_facts
from osem_tasks.schema.live import (
    ACTIVE,
    NOT_FOUND,
    RECOVERY,
    RECOVERY_PERIOD,
)
from osem_tasks.schema.states import Stuck

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Attribute, Index, Key, Table, TableSet


def compare_all(
    tables: TableSet, found: Mapping[str, LiveTable | None], engine: Engine = AWS
) -> Comparison:
    """Compare every table with the live table of the same name on ``engine``."""
    return Comparison(tables, found, tuple(compare(t, found.get(t.name)) for t in tables), engine)


def compare(declared: Table, found: LiveTable | None, *, exact: bool = False) -> TableDiff:
    """Compare ``declared`` with ``found`` (None: the table does not exist).

    Warm throughput above the declared one is as declared, unless ``exact``.
    """
    if found is None:
        missing = fact_of("table", IssueType.TABLE_NOT_FOUND, ACTIVE, None)
        return TableDiff(declared.name, NOT_FOUND, (missing,))
    ignored = ignored_facts(declared, found)
    declared = as_judged(declared, found)
    return TableDiff(
        declared.name,
        found.status,
        (
            fact_of("status", IssueType.TABLE_NOT_ACTIVE, ACTIVE, found.status),
            *_part_states(declared, found),
            *_key_facts(declared.key, found.table.key),
            *_index_facts(_GLOBAL, declared.global_indexes, found.table.global_indexes),
            *_index_states(declared, found),
            *_index_facts(_LOCAL, declared.local_indexes, found.table.local_indexes),
            *billing_facts(declared, found),
            *warm_facts(declared, found, exact=exact),
            *_setting_facts(declared, found),
            *_period_facts(declared, found),
            *ignored,
        ),
    )


def _part_states(declared: Table, found: LiveTable) -> Iterator[Fact]:
    """Yield the stuck parts that are neither the table's status nor that of a declared index."""
    told = {Stuck("table", found.status)}
    told |= {
        Stuck(f"index[{i.name}]", found.index_status.get(i.name, ""))
        for i in declared.global_indexes
    }
    for stuck in found.stuck:
        if stuck not in told:
            yield fact_of(f"{stuck.path}.status", IssueType.TABLE_NOT_ACTIVE, ACTIVE, stuck.state)


def _key_facts(declared: Key, found: Key) -> Iterator[Fact]:
    for path, issue, mine, theirs in (
        ("key.partition", IssueType.WRONG_PARTITION_KEY, declared.partition, found.partition),
        ("key.sort", IssueType.WRONG_SORT_KEY, declared.sort, found.sort),
    ):
        kind = IssueType.WRONG_KEY_TYPE if _only_types_differ(mine, theirs) else issue
        yield judged_fact(path, kind, _part(mine), _part(theirs), same=mine == theirs)


def _part(attributes: tuple[Attribute, ...]) -> str | None:
    return " + ".join(map(str, attributes)) or None


def _names(attributes: tuple[Attribute, ...]) -> list[str]:
    return [attribute.name for attribute in attributes]


def _only_types_differ(mine: tuple[Attribute, ...], theirs: tuple[Attribute, ...]) -> bool:
    return _names(mine) == _names(theirs) and mine != theirs


@dataclass(frozen=True, slots=True)
class _IndexFamily:
    """Names the fields and issue types of global or of local indexes."""

    path: str
    missing: IssueType
    extra: IssueType
    keys: IssueType
    projection: IssueType


_GLOBAL = _IndexFamily(
    "index",
    IssueType.MISSING_GSI,
    IssueType.EXTRA_GSI,
    IssueType.WRONG_GSI_KEYS,
    IssueType.WRONG_GSI_PROJECTION,
)
_LOCAL = _IndexFamily(
    "local_index",
    IssueType.MISSING_LSI,
    IssueType.EXTRA_LSI,
    IssueType.WRONG_LSI_KEYS,
    IssueType.WRONG_LSI_PROJECTION,
)


def _index_facts(
    family: _IndexFamily, declared: Iterable[Index], found: Iterable[Index]
) -> Iterator[Fact]:
    theirs = {index.name: index for index in found}
    for index in declared:
        path = f"{family.path}[{index.name}]"
        owner = index.name if family is _GLOBAL else None
        other = theirs.pop(index.name, None)
        if other is None:
            yield fact_of(path, family.missing, str(index.key), None, owner)
            continue
        yield _index_key_fact(path, index, other, family.keys, owner)
        yield _projection_fact(path, index, other, family.projection, owner)
    for index in theirs.values():
        owner = index.name if family is _GLOBAL else None
        path = f"{family.path}[{index.name}]"
        yield fact_of(path, family.extra, None, str(index.key), owner)


def _index_states(declared: Table, found: LiveTable) -> Iterator[Fact]:
    theirs = {index.name for index in found.table.global_indexes}
    for index in declared.global_indexes:
        if index.name in theirs:
            path, issue = f"index[{index.name}].status", IssueType.GSI_NOT_ACTIVE
            status = found.index_status.get(index.name, ACTIVE)
            yield fact_of(path, issue, ACTIVE, status, index.name)


def _index_key_fact(
    path: str, mine: Index, theirs: Index, issue: IssueType, owner: str | None
) -> Fact:
    # Report a wrong type only if the names of both key parts are right.
    one, other = mine.key, theirs.key
    names = [(_names(key.partition), _names(key.sort)) for key in (one, other)]
    kind = IssueType.WRONG_KEY_TYPE if names[0] == names[1] and one != other else issue
    return judged_fact(f"{path}.key", kind, str(one), str(other), same=one == other, index=owner)


def _projection_fact(
    path: str, mine: Index, theirs: Index, issue: IssueType, owner: str | None
) -> Fact:
    one, other = mine.projection, theirs.projection
    path = f"{path}.projection"
    return judged_fact(path, issue, str(one), str(other), same=one == other, index=owner)


def _period_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    days, theirs = declared.recovery_period_in_days, found.table.recovery_period_in_days
    if days is None:
        return
    issue = IssueType.WRONG_PITR
    reason = found.unreadable.get(RECOVERY) or found.unreadable.get(RECOVERY_PERIOD)
    if reason is not None:
        shown = days_text(days)
        yield Fact(RECOVERY_PERIOD, Verdict.NOT_COMPARABLE, issue, shown, None, reason)
    elif found.table.point_in_time_recovery or not declared.point_in_time_recovery:
        yield fact_of(
            RECOVERY_PERIOD, issue, days_text(days), None if theirs is None else days_text(theirs)
        )
    # Otherwise recovery is off: a difference of its own, whose repair also sets the period.


def _setting_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    for setting in SETTINGS:
        value = getattr(declared, setting.field)
        if value is not None:
            theirs = getattr(found.table, setting.field)
            yield setting.compare(value, theirs, found.unreadable.get(setting.field))
