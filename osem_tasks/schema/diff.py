"""The difference between a declared table and a live one, fact by fact, as data.

Every declared fact gets one of three verdicts; what is not declared gets none.
One comparison serves verify, setup, repair and their JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from osem_tasks.schema import live as facts
from osem_tasks.schema.live import ACTIVE, LiveTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.schema.model import Attribute, Encryption, Index, Key, Table

# A KMS key named by its alias, plainly or as an ARN.
_ALIAS = re.compile(r"alias/|arn:[^:]*:kms:[^:]*:[^:]*:alias/")
Plain = str | bool | dict[str, str] | None


class Verdict(str, Enum):
    """The outcome of one comparison."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"


class IssueType(str, Enum):
    """What kind of fact differs; part of the contract."""

    TABLE_NOT_FOUND = "TABLE_NOT_FOUND"
    TABLE_NOT_ACTIVE = "TABLE_NOT_ACTIVE"
    WRONG_PARTITION_KEY = "WRONG_PARTITION_KEY"
    WRONG_SORT_KEY = "WRONG_SORT_KEY"
    WRONG_KEY_TYPE = "WRONG_KEY_TYPE"
    MISSING_GSI = "MISSING_GSI"
    EXTRA_GSI = "EXTRA_GSI"
    WRONG_GSI_KEYS = "WRONG_GSI_KEYS"
    WRONG_GSI_PROJECTION = "WRONG_GSI_PROJECTION"
    GSI_NOT_ACTIVE = "GSI_NOT_ACTIVE"
    MISSING_LSI = "MISSING_LSI"
    EXTRA_LSI = "EXTRA_LSI"
    WRONG_LSI_KEYS = "WRONG_LSI_KEYS"
    WRONG_LSI_PROJECTION = "WRONG_LSI_PROJECTION"
    WRONG_BILLING_MODE = "WRONG_BILLING_MODE"
    WRONG_TAGS = "WRONG_TAGS"
    WRONG_TTL = "WRONG_TTL"
    WRONG_STREAM = "WRONG_STREAM"
    WRONG_DELETION_PROTECTION = "WRONG_DELETION_PROTECTION"
    WRONG_PITR = "WRONG_PITR"
    WRONG_ENCRYPTION = "WRONG_ENCRYPTION"
    WRONG_TABLE_CLASS = "WRONG_TABLE_CLASS"


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact compared. ``issue`` says what it is called when it differs."""

    path: str
    verdict: Verdict
    issue: IssueType
    expected: Plain
    found: Plain
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TableDiff:
    """Every fact of one declared table; ``status`` is the engine's, or NOT_FOUND."""

    name: str
    status: str
    facts: tuple[Fact, ...]

    @property
    def exists(self) -> bool:
        """Whether the engine has the table at all."""
        return all(each.issue is not IssueType.TABLE_NOT_FOUND for each in self.issues)

    @property
    def issues(self) -> tuple[Fact, ...]:
        """The facts that differ."""
        return self._with(Verdict.DIFFERENT)

    @property
    def same(self) -> tuple[Fact, ...]:
        """The facts that are as declared."""
        return self._with(Verdict.SAME)

    @property
    def not_comparable(self) -> tuple[Fact, ...]:
        """The facts that this engine cannot tell, each with its reason."""
        return self._with(Verdict.NOT_COMPARABLE)

    def _with(self, verdict: Verdict) -> tuple[Fact, ...]:
        return tuple(each for each in self.facts if each.verdict is verdict)


def shown(value: Plain) -> str:
    """An expected or found value as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in sorted(value.items())) or "none"
    return str(value)


def compare(declared: Table, found: LiveTable | None) -> TableDiff:
    """Compare what ``declared`` declares with what was ``found`` (None: no such table)."""
    if found is None:
        missing = _fact("table", IssueType.TABLE_NOT_FOUND, ACTIVE, None)
        return TableDiff(declared.name, "NOT_FOUND", (missing,))
    return TableDiff(
        declared.name,
        found.status,
        (
            _fact("status", IssueType.TABLE_NOT_ACTIVE, ACTIVE, found.status),
            *_key_facts(declared.key, found.table.key),
            *_index_facts(declared, found),
            *_local_index_facts(declared, found),
            *_billing_facts(declared, found),
            *_setting_facts(declared, found),
        ),
    )


def _fact(path: str, issue: IssueType, expected: Plain, found: Plain) -> Fact:
    return _judged(path, issue, expected, found, same=expected == found)


def _judged(path: str, issue: IssueType, expected: Plain, found: Plain, *, same: bool) -> Fact:
    """A fact whose values were compared as they are; the texts only show them."""
    return Fact(path, Verdict.SAME if same else Verdict.DIFFERENT, issue, expected, found)


def _key_facts(declared: Key, found: Key) -> Iterator[Fact]:
    for path, issue, mine, theirs in (
        ("key.partition", IssueType.WRONG_PARTITION_KEY, declared.partition, found.partition),
        ("key.sort", IssueType.WRONG_SORT_KEY, declared.sort, found.sort),
    ):
        kind = IssueType.WRONG_KEY_TYPE if _only_types_differ(mine, theirs) else issue
        yield _judged(path, kind, _part(mine), _part(theirs), same=mine == theirs)


def _part(attributes: tuple[Attribute, ...]) -> str | None:
    return " + ".join(map(str, attributes)) or None


def _only_types_differ(mine: tuple[Attribute, ...], theirs: tuple[Attribute, ...]) -> bool:
    same_names = [each.name for each in mine] == [each.name for each in theirs]
    return same_names and mine != theirs


def _index_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    theirs = {each.name: each for each in found.table.indexes}
    for index in declared.indexes:
        path = f"index[{index.name}]"
        other = theirs.pop(index.name, None)
        if other is None:
            yield _fact(path, IssueType.MISSING_GSI, str(index.key), None)
            continue
        yield _index_key_fact(path, index, other, IssueType.WRONG_GSI_KEYS)
        yield _projection_fact(path, index, other, IssueType.WRONG_GSI_PROJECTION)
        status = found.index_status.get(index.name, ACTIVE)
        yield _fact(f"{path}.status", IssueType.GSI_NOT_ACTIVE, ACTIVE, status)
    for index in theirs.values():
        yield _fact(f"index[{index.name}]", IssueType.EXTRA_GSI, None, str(index.key))


def _local_index_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    theirs = {each.name: each for each in found.table.local_indexes}
    for index in declared.local_indexes:
        path = f"local_index[{index.name}]"
        other = theirs.pop(index.name, None)
        if other is None:
            yield _fact(path, IssueType.MISSING_LSI, str(index.key), None)
            continue
        yield _index_key_fact(path, index, other, IssueType.WRONG_LSI_KEYS)
        yield _projection_fact(path, index, other, IssueType.WRONG_LSI_PROJECTION)
    for index in theirs.values():
        yield _fact(f"local_index[{index.name}]", IssueType.EXTRA_LSI, None, str(index.key))


def _index_key_fact(path: str, mine: Index, theirs: Index, issue: IssueType) -> Fact:
    # Both parts must have the right names before a wrong type is the whole story.
    types = [each.name for each in mine.key.partition] == [
        each.name for each in theirs.key.partition
    ] and [each.name for each in mine.key.sort] == [each.name for each in theirs.key.sort]
    kind = IssueType.WRONG_KEY_TYPE if types and mine.key != theirs.key else issue
    same = mine.key == theirs.key
    return _judged(f"{path}.key", kind, str(mine.key), str(theirs.key), same=same)


def _projection_fact(path: str, mine: Index, theirs: Index, issue: IssueType) -> Fact:
    one, other = mine.projection, theirs.projection
    return _judged(f"{path}.projection", issue, str(one), str(other), same=one == other)


def _billing_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    issue = IssueType.WRONG_BILLING_MODE
    yield _fact("billing", issue, declared.billing, found.table.billing)
    if declared.billing != found.table.billing:
        return  # throughput of the other mode says nothing
    theirs = {each.name: each for each in found.table.indexes}
    pairs: list[tuple[str, Table | Index, Table | Index]] = [("", declared, found.table)]
    pairs += [
        (f"index[{each.name}].", each, theirs[each.name])
        for each in declared.indexes
        if each.name in theirs
    ]
    for path, mine, other in pairs:
        if mine.throughput:
            found_units = str(other.throughput)
            yield _fact(f"{path}throughput", issue, str(mine.throughput), found_units)
        if mine.max_throughput:
            yield _readable(
                f"{path}max_throughput",
                issue,
                str(mine.max_throughput),
                str(other.max_throughput),
                found.unreadable.get(facts.MAX_THROUGHPUT),
            )


def _setting_facts(declared: Table, found: LiveTable) -> Iterator[Fact]:
    actual, reasons = found.table, found.unreadable
    if declared.tags is not None:
        theirs = dict(actual.tags or ())
        wanted = dict(declared.tags)
        # Tags that others put there (cost allocation, a landing zone) are not ours to judge.
        shown: Plain = {key: value for key, value in theirs.items() if key in wanted}
        yield _readable("tags", IssueType.WRONG_TAGS, wanted, shown, reasons.get(facts.TAGS))
    if declared.ttl is not None:
        attribute = actual.ttl.attribute if actual.ttl else None
        yield _readable(
            "ttl", IssueType.WRONG_TTL, declared.ttl.attribute, attribute, reasons.get(facts.TTL)
        )
    if declared.stream is not None:
        view = actual.stream.view if actual.stream else None
        yield _fact("stream", IssueType.WRONG_STREAM, declared.stream.view, view)
    if declared.deletion_protection is not None:
        yield _fact(
            "deletion_protection",
            IssueType.WRONG_DELETION_PROTECTION,
            declared.deletion_protection,
            actual.deletion_protection,
        )
    if declared.point_in_time_recovery is not None:
        yield _readable(
            "point_in_time_recovery",
            IssueType.WRONG_PITR,
            declared.point_in_time_recovery,
            actual.point_in_time_recovery,
            reasons.get(facts.POINT_IN_TIME_RECOVERY),
        )
    if declared.encryption is not None:
        yield _encryption_fact(declared.encryption, actual.encryption, reasons)
    if declared.table_class is not None:
        yield _readable(
            "table_class",
            IssueType.WRONG_TABLE_CLASS,
            declared.table_class,
            actual.table_class,
            reasons.get(facts.TABLE_CLASS),
        )


def _encryption_fact(
    mine: Encryption, theirs: Encryption | None, reasons: Mapping[str, str]
) -> Fact:
    reason = reasons.get(facts.ENCRYPTION)
    expected, found = str(mine), str(theirs)
    if theirs is not None and mine.kind == theirs.kind == "KMS":
        if mine.kms_key is None:
            found = mine.kind  # any KMS key was asked for
        elif _ALIAS.match(mine.kms_key) and mine.kms_key != theirs.kms_key:
            reason = reason or "DynamoDB names the key by its ARN, the declaration by an alias"
        elif (theirs.kms_key or "").endswith(f":key/{mine.kms_key}"):
            found = expected  # declared by id, described by ARN
    return _readable("encryption", IssueType.WRONG_ENCRYPTION, expected, found, reason)


def _readable(
    path: str, issue: IssueType, expected: Plain, found: Plain, reason: str | None
) -> Fact:
    if reason is not None:
        return Fact(path, Verdict.NOT_COMPARABLE, issue, expected, None, reason)
    return _fact(path, issue, expected, found)
