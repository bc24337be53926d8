"""Compares a declared table with a live one, fact by fact.

Every declared fact gets a verdict; undeclared facts are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from osem_tasks.schema.difference import Comparison, Fact, IssueType, TableDiff, Verdict
from osem_tasks.schema.emulators import AWS
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.judged import as_judged, ignored_facts
from osem_tasks.schema.live import ACTIVE, MAX_THROUGHPUT, NOT_FOUND
from osem_tasks.schema.states import Stuck

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osem_tasks.schema.difference import Plain
    from osem_tasks.schema.emulators import Engine
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Attribute, Index, Key, Table, TableSet


def compare_all(
    tables: TableSet, found: Mapping[str, LiveTable | None], engine: Engine = AWS
) -> Comparison:
    """Compare every table with the live table of the same name on ``engine``."""
    return Comparison(tables, found, tuple(compare(t, found.get(t.name)) for t in tables), engine)


def compare(declared: Table, found: LiveTable | None) -> TableDiff:
    """Compare ``declared`` with ``found`` (None: the table does not exist)."""
    if found is None:
        missing = _fact("table", IssueType.TABLE_NOT_FOUND, ACTIVE, None)
        return TableDiff(declared.name, NOT_FOUND, (missing,))
    ignored = ignored_facts(declared, found)
    declared = as_judged(declared, found)
    return TableDiff(
        declared.name,
        found.status,
        (
            _fact("status", IssueType.TABLE_NOT_ACTIVE, ACTIVE, found.status),
            *_part_states(declared, found),
            *_key_facts(declared.key, found.table.key),
            *_index_facts(_GLOBAL, declared.global_indexes, found.table.global_indexes),
            *_index_states(declared, found),
            *_index_facts(_LOCAL, declared.local_indexes, found.table.local_indexes),
            *_billing_facts(declared, found),
            *_setting_facts(declared, found),
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
            yield _fact(f"{stuck.path}.status", IssueType.TABLE_NOT_ACTIVE, ACTIVE, stuck.state)


def _fact(
    path: str, issue: IssueType, expected: Plain, found: Plain, index: str | None = None
) -> Fact:
    return _judged(path, issue, expected, found, same=expected == found, index=index)


def _judged(
    path: str,
    issue: IssueType,
    expected: Plain,
    found: Plain,
    *,
    same: bool,
    index: str | None = None,
) -> Fact:
    """Return a fact whose raw values were already compared; the texts only display them."""
    verdict = Verdict.SAME if same else Verdict.DIFFERENT
    return Fact(path, verdict, issue, expected, found, index=index)


def _key_facts(declared: Key, found: Key) -> Iterator[Fact]:
    for path, issue, mine, theirs in (
        ("key.partition", IssueType.WRONG_PARTITION_KEY, declared.partition, found.partition),
        ("key.sort", IssueType.WRONG_SORT_KEY, declared.sort, found.sort),
    ):
        kind = IssueType.WRONG_KEY_TYPE if _only_types_differ(mine, theirs) else issue
        yield _judged(path, kind, _part(mine), _part(theirs), same=mine == theirs)


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
            yield _fact(path, family.missing, str(index.key), None, owner)
            continue
        yield _index_key_fact(path, index, other, family.keys, owner)
        yield _projection_fact(path, index, other, family.projection, owner)
    for index in theirs.values():
        owner = index.name if family is _GLOBAL else None
        path = f"{family.path}[{index.name}]"
        yield _fact(path, family.extra, None, str(index.key), owner)


def _index_states(declared: Table, found: LiveTable) -> Iterator[Fact]:
    theirs = {index.name for index in found.table.global_indexes}
    for index in declared.global_indexes:
        if index.name in theirs:
            path, issue = f"index[{index.name}].status", IssueType.GSI_NOT_ACTIVE
            status = found.index_status.get(index.name, ACTIVE)
            yield _fact(path, issue, ACTIVE, status, index.name)


def _index_key_fact(
    path: str, mine: Index, theirs: Index, issue: IssueType, owner: str | None
) -> Fact:
    # Report a wrong type only if the names of both key parts are right.
    one, other = mine.key, theirs.key
    names = [(_names(key.partition), _names(key.sort)) for key in (one, other)]
    kind = IssueType.WRONG_KEY_TYPE if names[0] == names[1] and one != other else issue
    return _judged(f"{path}.key", kind, str(one), str(other), same=one == other, index=owner)


def _projection_fact(
    path: str, mine: Index, theirs: Index, issue: IssueType, owner: str | None
) -> Fact:
    one, other = mine.projection, theirs.projection
    path = f"{path}.projection"
    return _judged(path, issue, str(one), str(other), same=one == other, index=owner)


def _billing_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    issue = IssueType.WRONG_BILLING_MODE
    yield _fact("billing", issue, declared.billing, found.table.billing)
    if declared.billing != found.table.billing:
        return  # the other billing mode ignores this throughput
    theirs = {index.name: index for index in found.table.global_indexes}
    yield from _capacity_facts("", declared, found.table, found)
    for index in declared.global_indexes:
        if index.name in theirs:
            path = f"index[{index.name}]."
            yield from _capacity_facts(path, index, theirs[index.name], found)


def _capacity_facts(
    path: str, mine: Table | Index, theirs: Table | Index, found: LiveTable
) -> Iterator[Fact]:
    issue = IssueType.WRONG_BILLING_MODE
    if mine.throughput:
        yield _fact(f"{path}throughput", issue, str(mine.throughput), str(theirs.throughput))
    if mine.max_throughput:
        path, expected = f"{path}max_throughput", str(mine.max_throughput)
        reason = found.unreadable.get(MAX_THROUGHPUT)
        if reason is not None:
            yield Fact(path, Verdict.NOT_COMPARABLE, issue, expected, None, reason)
        else:
            yield _fact(path, issue, expected, str(theirs.max_throughput))


def _setting_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    for setting in SETTINGS:
        value = getattr(declared, setting.field)
        if value is not None:
            theirs = getattr(found.table, setting.field)
            yield setting.compare(value, theirs, found.unreadable.get(setting.field))


def wanting_everything(table: Table) -> Table:
    """Return ``table`` with every fact declared that needs a separate call to read."""
    facts: dict[str, Any] = {row.field: row.default for row in SETTINGS if row.own_call}
    return replace(table, check=False, **facts)


def compare_live(
    expected: LiveTable | None,
    found: LiveTable | None,
    name: str,
    own_tags: frozenset[str],
    ignored: frozenset[str] = frozenset(),
) -> TableDiff:
    """Compare two live tables, with ``expected`` as the declaration, under ``name``.

    ``own_tags`` are the keys that each environment sets itself; they differ by design.
    ``ignored`` are the facts that are not judged.
    """
    if expected is None:
        only_here = Fact("table", Verdict.DIFFERENT, IssueType.TABLE_NOT_FOUND, None, ACTIVE)
        return TableDiff(name, found.status if found else NOT_FOUND, (only_here,) if found else ())
    # A fact that is unreadable on the expected side is not declared, for its indexes too.
    if MAX_THROUGHPUT in expected.unreadable:
        indexes = tuple(replace(i, max_throughput=None) for i in expected.table.global_indexes)
        silent = replace(expected.table, check=False, global_indexes=indexes)
        expected = replace(expected, table=silent)
    facts: dict[str, Any] = {
        "name": name,
        "ignored": ignored,
        "tags": _tags_to_compare(expected, found, own_tags),
        **dict.fromkeys(expected.unreadable),
    }
    return compare(replace(expected.table, check=False, **facts), found)


def _tags_to_compare(
    expected: LiveTable, found: LiveTable | None, own_tags: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return the expected tags; those only in ``found`` are added with an empty value."""
    tags = tuple(pair for pair in expected.table.tags or () if pair[0] not in own_tags)
    if found is None or "tags" in {*expected.unreadable, *found.unreadable}:
        return tags
    extra = {key for key, _ in found.table.tags or ()} - own_tags - {key for key, _ in tags}
    return (*tags, *((key, "") for key in sorted(extra)))
