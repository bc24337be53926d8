"""Plans the changes that make a live table match its declaration, without losing an item.

A change that DynamoDB cannot do in place is also an action, marked impossible and never
run. Source of the limits: the UpdateTable, UpdateTimeToLive and quota pages of the DynamoDB
documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.plan.actions import PRUNE, UNPROTECT, Action, Kind, Risk
from osem_tasks.plan.capacity import capacity_actions, warm_actions
from osem_tasks.plan.index_repair import index_actions
from osem_tasks.schema.difference import IssueType, days_text, display
from osem_tasks.schema.facts import OWNER_TAGS
from osem_tasks.schema.judged import as_judged
from osem_tasks.schema.live import RECOVERY_PERIOD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.difference import Comparison, Fact, TableDiff
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.schema.model import Table

IMMUTABLE = (
    IssueType.WRONG_PARTITION_KEY,
    IssueType.WRONG_SORT_KEY,
    IssueType.MISSING_LSI,
    IssueType.EXTRA_LSI,
    IssueType.WRONG_LSI_KEYS,
    IssueType.WRONG_LSI_PROJECTION,
)


def repair_actions(comparison: Comparison) -> tuple[Action, ...]:
    """Return all actions that make the existing tables match their declarations, in order.

    ``db.setup`` creates missing tables; they have no action here.
    """
    return tuple(
        action
        for diff in comparison.diffs
        if (live := comparison.found.get(diff.name)) is not None
        for action in _table_actions(as_judged(comparison.tables[diff.name], live), live, diff)
    )


def needs_new_table(fact: Fact) -> bool:
    """Return whether a difference is of a key or a local index, which only a new table changes."""
    key_type = fact.issue_type is IssueType.WRONG_KEY_TYPE and fact.index is None
    return fact.issue_type in IMMUTABLE or key_type


def _table_actions(declared: Table, live: LiveTable, diff: TableDiff) -> Iterator[Action]:
    """Yield impossible actions first, then capacity, indexes and settings."""
    yield from _impossible(declared, diff)
    # Before the indexes: an index that is rebuilt gets its throughput when it is built.
    yield from capacity_actions(declared, live, diff)
    yield from index_actions(declared, live, diff)
    # After the indexes: one that is rebuilt has its warm throughput then.
    yield from warm_actions(declared, live, diff)
    for fact in diff.issues:
        yield from _setting(declared, live, fact)


def _impossible(declared: Table, diff: TableDiff) -> Iterator[Action]:
    for fact in diff.issues:
        if needs_new_table(fact):
            yield Action(
                declared.name,
                Kind.NOT_IN_PLACE,
                f"{fact.path}: {fact.expected or 'none'}, found {fact.found or 'none'}",
                Risk.IMPOSSIBLE,
                "keys and local indexes are fixed when a table is created; its data has "
                "to move to a new table",
                mends=(fact.path,),
            )


# Settings that one call sets to the declared value.
_ONE_CALL = {
    IssueType.WRONG_TABLE_CLASS: (
        Kind.UPDATE_TABLE_CLASS,
        Risk.RATE_LIMITED,
        "AWS lets the table class change twice in 30 days",
    ),
}


def _setting(declared: Table, live: LiveTable, fact: Fact) -> Iterator[Action]:
    if fact.path in live.fixed and not _only_disables(fact):
        yield _not_on_this_engine(declared, fact, live.fixed[fact.path])
    elif fact.issue_type is IssueType.WRONG_TAGS:
        yield _tags(declared, fact)
    elif fact.issue_type in _ONE_CALL:
        kind, risk, reason = _ONE_CALL[fact.issue_type]
        yield _step(declared, fact, kind, display(fact.expected), risk, reason)
    elif fact.issue_type is IssueType.WRONG_STREAM:
        yield from _stream(declared, fact)
    elif fact.issue_type is IssueType.WRONG_TTL:
        yield from _time_to_live(declared, live, fact)
    elif fact.path == RECOVERY_PERIOD:
        yield _recovery_period(declared, live, fact)
    elif fact.issue_type is IssueType.WRONG_PITR:
        yield _recovery(declared, fact)
    elif fact.issue_type is IssueType.WRONG_DELETION_PROTECTION:
        yield _protection(declared, fact)
    elif fact.issue_type is IssueType.WRONG_ENCRYPTION:
        yield _encryption(declared, live, fact)


def _tags(declared: Table, fact: Fact) -> Action:
    """Set the declared tags. What may be deleted depends on those that name a table's owner."""
    target = display(fact.expected)
    wanted: Any = fact.expected
    found: Any = fact.found or {}
    theirs = [
        f"{key}={found[key]}"
        for key in OWNER_TAGS
        if found.get(key, wanted.get(key)) != wanted.get(key)
    ]
    if theirs:
        reason = f"{', '.join(theirs)}: the table belongs to somebody else, by its tags"
        return _step(declared, fact, Kind.SET_TAGS, target, Risk.REMOVES, reason, UNPROTECT)
    return _step(declared, fact, Kind.SET_TAGS, target, Risk.SAFE, "the declared tags differ")


def _only_disables(fact: Fact) -> bool:
    return fact.issue_type is IssueType.WRONG_STREAM and fact.expected is None


def _not_on_this_engine(declared: Table, fact: Fact, reason: str) -> Action:
    target = f"{fact.path}: {display(fact.expected)}, found {display(fact.found)}"
    return _step(declared, fact, Kind.NOT_IN_PLACE, target, Risk.IMPOSSIBLE, reason)


def _stream(declared: Table, fact: Fact) -> Iterator[Action]:
    off = (Kind.DISABLE_STREAM, Risk.REMOVES, "its records are lost to whoever reads them")
    requires = (PRUNE,) if fact.found is not None else ()
    yield from _switch(declared, fact, off, (Kind.ENABLE_STREAM, Risk.SAFE), requires)


def _time_to_live(declared: Table, live: LiveTable, fact: Fact) -> Iterator[Action]:
    reason = "AWS lets time to live change once an hour; past items expire once it is on"
    off = (Kind.DISABLE_TTL, Risk.RATE_LIMITED, reason)
    requires = (PRUNE,) if live.items and fact.expected is not None else ()
    yield from _switch(declared, fact, off, (Kind.ENABLE_TTL, Risk.RATE_LIMITED), requires)


def _switch(
    declared: Table,
    fact: Fact,
    off: tuple[Kind, Risk, str],
    on: tuple[Kind, Risk],
    requires: tuple[str, ...],
) -> Iterator[Action]:
    """Yield the steps from the found to the declared value: a new value means off, then on."""
    if fact.found is not None:
        kind, risk, reason = off
        yield _step(declared, fact, kind, str(fact.found), risk, reason, *requires)
    if fact.expected is not None:
        kind, risk = on
        reason = "declared but not enabled"
        yield _step(declared, fact, kind, str(fact.expected), risk, reason, *requires)


def backups(table: Table) -> str:
    """Return what point-in-time recovery keeps of ``table``, in words."""
    days = table.recovery_period_in_days
    return f"continuous backups of {days_text(days)}" if days else "continuous backups"


def _recovery(declared: Table, fact: Fact) -> Action:
    what = backups(declared)
    if fact.expected:
        return _step(
            declared, fact, Kind.ENABLE_PITR, what, Risk.SAFE, "continuous backups are declared"
        )
    reason = "the table can no longer be restored to an earlier time"
    return _step(declared, fact, Kind.DISABLE_PITR, what, Risk.REMOVES, reason, UNPROTECT)


def _recovery_period(declared: Table, live: LiveTable, fact: Fact) -> Action:
    kind, target = Kind.UPDATE_PITR_PERIOD, str(fact.expected)
    wanted = declared.recovery_period_in_days or 0
    if wanted >= (live.table.recovery_period_in_days or 0):
        reason = f"found {fact.found}: older states cannot be restored yet"
        return _step(declared, fact, kind, target, Risk.SAFE, reason)
    reason = f"found {fact.found}: what is older than the new period can no longer be restored"
    return _step(declared, fact, kind, target, Risk.REMOVES, reason, UNPROTECT)


def _protection(declared: Table, fact: Fact) -> Action:
    kind, target = Kind.SET_DELETION_PROTECTION, display(fact.expected)
    if fact.expected:
        return _step(declared, fact, kind, target, Risk.SAFE, "the declared protection differs")
    reason = "whoever may delete tables can then delete this one"
    return _step(declared, fact, kind, target, Risk.REMOVES, reason, UNPROTECT)


def _encryption(declared: Table, live: LiveTable, fact: Fact) -> Action:
    """Return the change of the key; a KMS key is given up on request only."""
    kind, target = Kind.UPDATE_ENCRYPTION, str(fact.expected)
    limit = "AWS limits how often the key may be changed in 24 hours"
    found = live.table.encryption
    if found is None or found.kind == "AWS_OWNED":
        return _step(declared, fact, kind, target, Risk.RATE_LIMITED, limit)
    reason = f"the table gives up {found}: its policy and audit no longer hold; {limit}"
    return _step(declared, fact, kind, target, Risk.REMOVES, reason, UNPROTECT)


def _step(  # noqa: PLR0917  an action has as many parts
    declared: Table,
    fact: Fact,
    kind: Kind,
    target: str,
    risk: Risk,
    reason: str,
    *requires: str,
) -> Action:
    return Action(declared.name, kind, target, risk, reason, requires, mends=(fact.path,))
