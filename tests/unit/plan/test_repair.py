"""From differences to repairs: each issue's steps, what they risk, what they need, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.plan.actions import PRUNE, REDUCE, REPLACE, UNPROTECT, Action, Kind, Risk
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    NO_LIMIT,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    TableSet,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput

K, R = Kind, Risk
TWO, THREE = Throughput(2, 2), Throughput(3, 3)
BASE = Table(name="Plans", key=Key.parse("pk S, sk S"))
PROVISIONED = replace(BASE, billing="PROVISIONED", throughput=TWO)
Step = tuple[Kind, Risk, tuple[str, ...]]


def index(name: str, key: str = "a S", **facts: Any) -> Index:
    """An index in the words of a data sheet."""
    return Index(name, Key.parse(key), **facts)


def with_(*indexes: Index, of: Table = BASE, **facts: Any) -> Table:
    """A table with these global indexes and facts."""
    return replace(of, global_indexes=indexes, **facts)


def plan(declared: Table, found: Table, items: int = 0, size: int = 0) -> tuple[Action, ...]:
    """The steps from ``found`` to ``declared``."""
    live = LiveTable(table=found, status="ACTIVE", index_status={}, items=items, size=size)
    return repair_actions(compare_all(TableSet((declared,)), {declared.name: live}))


BUILD: Step = (K.CREATE_INDEX, R.ONLINE_BUILD, ())
REBUILD: Step = (K.CREATE_INDEX, R.ONLINE_BUILD, (REPLACE,))
TAKE: Step = (K.DELETE_INDEX, R.REMOVES, (REPLACE,))
PRUNED: Step = (K.DELETE_INDEX, R.REMOVES, (PRUNE,))
NEVER: Step = (K.NOT_IN_PLACE, R.IMPOSSIBLE, ())
SWITCH: Step = (K.UPDATE_BILLING, R.RATE_LIMITED, ())
UNITS: Step = (K.UPDATE_THROUGHPUT, R.RATE_LIMITED, ())
LIMIT: Step = (K.UPDATE_MAX_THROUGHPUT, R.SAFE, ())
WARMER: Step = (K.UPDATE_WARM_THROUGHPUT, R.SAFE, ())
# The same where less is declared than there is.
LESS_MODE: Step = (K.UPDATE_BILLING, R.REMOVES, (REDUCE,))
FEWER: Step = (K.UPDATE_THROUGHPUT, R.REMOVES, (REDUCE,))
LOWER: Step = (K.UPDATE_MAX_THROUGHPUT, R.REMOVES, (REDUCE,))
LOCAL = index("local", "pk S, a S")
MANY = tuple(index(f"index-{number:02}") for number in range(20))

CASES: dict[str, tuple[Table, Table, list[Step]]] = {
    "equal": (BASE, BASE, []),
    "partition-key": (BASE, replace(BASE, key=Key.parse("other S, sk S")), [NEVER]),
    "sort-key": (BASE, replace(BASE, key=Key.parse("pk S")), [NEVER]),
    "key-type": (BASE, replace(BASE, key=Key.parse("pk N, sk S")), [NEVER]),
    "missing-index": (with_(index("one")), BASE, [BUILD]),
    "two-missing": (with_(index("one"), index("two")), BASE, [BUILD, BUILD]),
    "extra-index": (BASE, with_(index("one")), [PRUNED]),
    "index-keys": (with_(index("one")), with_(index("one", "b S")), [TAKE, REBUILD]),
    "index-key-type": (with_(index("one")), with_(index("one", "a N")), [TAKE, REBUILD]),
    "projection": (
        with_(index("one")),
        with_(index("one", projection=Projection("KEYS_ONLY"))),
        [TAKE, REBUILD],
    ),
    "keys-and-projection-at-once": (
        with_(index("one")),
        with_(index("one", "b S", projection=Projection("KEYS_ONLY"))),
        [TAKE, REBUILD],
    ),
    "all-removals-before-all-builds": (
        with_(index("changed"), index("new")),
        with_(index("changed", "b S"), index("old")),
        [PRUNED, TAKE, REBUILD, BUILD],
    ),
    "missing-behind-an-extra-of-another-type": (
        with_(index("one")),
        with_(index("old", "a N")),
        [PRUNED, (K.CREATE_INDEX, R.ONLINE_BUILD, (PRUNE,))],
    ),
    "missing-behind-a-changed-one-of-another-type": (
        with_(index("changed"), index("new")),
        with_(index("changed", "a N")),
        [TAKE, REBUILD, REBUILD],
    ),
    "missing-where-all-20-are-taken": (
        with_(*MANY[1:], index("new")),
        with_(*MANY),
        [PRUNED, (K.CREATE_INDEX, R.ONLINE_BUILD, (PRUNE,))],
    ),
    "index-of-another-type-than-the-key": (
        with_(index("one", "sk S")),
        replace(BASE, key=Key.parse("pk S, sk N")),
        [NEVER, NEVER],
    ),
    "changed-index-of-another-type-than-the-key-stays": (
        with_(index("one", "sk S")),
        with_(index("one", "sk N"), of=replace(BASE, key=Key.parse("pk S, sk N"))),
        [NEVER, NEVER],
    ),
    "missing-local": (replace(BASE, local_indexes=(LOCAL,)), BASE, [NEVER]),
    "extra-local": (BASE, replace(BASE, local_indexes=(LOCAL,)), [NEVER]),
    "local-projection": (
        replace(BASE, local_indexes=(LOCAL,)),
        replace(BASE, local_indexes=(replace(LOCAL, projection=Projection("KEYS_ONLY")),)),
        [NEVER],
    ),
    "local-key": (
        replace(BASE, local_indexes=(LOCAL,)),
        replace(BASE, local_indexes=(index("local", "pk S, b S"),)),
        [NEVER],
    ),
    "local-key-type": (
        replace(BASE, local_indexes=(LOCAL,)),
        replace(BASE, local_indexes=(index("local", "pk S, a N"),)),
        [NEVER],
    ),
    "billing-to-on-demand": (BASE, PROVISIONED, [SWITCH]),
    "billing-to-provisioned": (PROVISIONED, BASE, [LESS_MODE]),
    "billing-to-on-demand-with-a-limit-below": (
        replace(BASE, max_throughput=TWO),
        replace(PROVISIONED, throughput=THREE),
        [LESS_MODE, (K.UPDATE_MAX_THROUGHPUT, R.REMOVES, (REDUCE,))],
    ),
    "billing-to-on-demand-with-limits": (
        with_(index("one", max_throughput=TWO), max_throughput=TWO),
        with_(index("one", throughput=TWO), of=PROVISIONED),
        [LESS_MODE, LOWER, LOWER],
    ),
    "a-built-index-brings-its-limit": (
        with_(index("one", max_throughput=TWO)),
        PROVISIONED,
        [SWITCH, BUILD],
    ),
    "billing-before-indexes": (with_(index("one")), PROVISIONED, [SWITCH, BUILD]),
    "throughput": (PROVISIONED, replace(PROVISIONED, throughput=THREE), [FEWER]),
    "more-throughput": (replace(PROVISIONED, throughput=THREE), PROVISIONED, [UNITS]),
    "one-unit-more-and-one-less": (
        replace(PROVISIONED, throughput=Throughput(9, 1)),
        PROVISIONED,
        [FEWER],
    ),
    "index-throughput": (
        with_(index("one", throughput=TWO), of=PROVISIONED),
        with_(index("one", throughput=THREE), of=PROVISIONED),
        [FEWER],
    ),
    "more-index-throughput": (
        with_(index("one", throughput=THREE), of=PROVISIONED),
        with_(index("one", throughput=TWO), of=PROVISIONED),
        [UNITS],
    ),
    "on-demand-limit": (replace(BASE, max_throughput=TWO), BASE, [LOWER]),
    "a-lower-limit": (
        replace(BASE, max_throughput=TWO),
        replace(BASE, max_throughput=THREE),
        [LOWER],
    ),
    "a-higher-limit": (
        replace(BASE, max_throughput=THREE),
        replace(BASE, max_throughput=TWO),
        [LIMIT],
    ),
    "no-limit-any-more": (
        replace(BASE, max_throughput=NO_LIMIT),
        replace(BASE, max_throughput=TWO),
        [LOWER],
    ),
    "index-on-demand-limit": (
        with_(index("one", max_throughput=TWO)),
        with_(index("one")),
        [LOWER],
    ),
    "more-warm": (
        replace(BASE, warm_throughput=WarmThroughput(20_000, 5_000)),
        replace(BASE, warm_throughput=WarmThroughput(20_000, 4_999)),
        [WARMER],
    ),
    "less-warm": (
        replace(BASE, warm_throughput=WarmThroughput(20_000, 5_000)),
        replace(BASE, warm_throughput=WarmThroughput(20_001, 5_000)),
        [],
    ),
    "more-warm-index": (
        with_(index("one", warm_throughput=WarmThroughput(20_000))),
        with_(index("one", warm_throughput=WarmThroughput(12_000, 4_000))),
        [WARMER],
    ),
    "warm-after-the-mode": (
        replace(BASE, warm_throughput=WarmThroughput(20_000, 5_000)),
        replace(PROVISIONED, warm_throughput=WarmThroughput(5, 5)),
        [SWITCH, WARMER],
    ),
    "longer-backups": (
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=35),
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=34),
        [(K.UPDATE_PITR_PERIOD, R.SAFE, ())],
    ),
    "shorter-backups": (
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=7),
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=35),
        [(K.UPDATE_PITR_PERIOD, R.REMOVES, (UNPROTECT,))],
    ),
    "backups-on-with-a-period": (
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=7),
        replace(BASE, point_in_time_recovery=False),
        [(K.ENABLE_PITR, R.SAFE, ())],
    ),
    "backups-off-with-a-period": (
        replace(BASE, point_in_time_recovery=False),
        replace(BASE, point_in_time_recovery=True, recovery_period_in_days=7),
        [(K.DISABLE_PITR, R.REMOVES, (UNPROTECT,))],
    ),
    "tags": (
        replace(BASE, tags=(("a", "1"),)),
        replace(BASE, tags=(("a", "2"),)),
        [(K.SET_TAGS, R.SAFE, ())],
    ),
    "tags-of-an-owner-that-are-missing": (
        replace(BASE, tags=(("Application", "shop"), ("Environment", "dev"))),
        replace(BASE, tags=(("Environment", "dev"),)),
        [(K.SET_TAGS, R.SAFE, ())],
    ),
    "the-tag-of-another-environment": (
        replace(BASE, tags=(("Environment", "dev"),)),
        replace(BASE, tags=(("Environment", "prod"),)),
        [(K.SET_TAGS, R.REMOVES, (UNPROTECT,))],
    ),
    "the-tag-of-another-application": (
        replace(BASE, tags=(("Application", "shop"), ("Team", "a"))),
        replace(BASE, tags=(("Application", "bank"),)),
        [(K.SET_TAGS, R.REMOVES, (UNPROTECT,))],
    ),
    "stream-on": (
        replace(BASE, stream=Stream("NEW_IMAGE")),
        replace(BASE, stream=Stream(None)),
        [(K.ENABLE_STREAM, R.SAFE, ())],
    ),
    "stream-off": (
        replace(BASE, stream=Stream(None)),
        replace(BASE, stream=Stream("NEW_IMAGE")),
        [(K.DISABLE_STREAM, R.REMOVES, (PRUNE,))],
    ),
    "stream-view": (
        replace(BASE, stream=Stream("NEW_IMAGE")),
        replace(BASE, stream=Stream("OLD_IMAGE")),
        [(K.DISABLE_STREAM, R.REMOVES, (PRUNE,)), (K.ENABLE_STREAM, R.SAFE, (PRUNE,))],
    ),
    "ttl-on": (
        replace(BASE, ttl=TimeToLive("endsAt")),
        replace(BASE, ttl=TimeToLive(None)),
        [(K.ENABLE_TTL, R.RATE_LIMITED, ())],
    ),
    "ttl-off": (
        replace(BASE, ttl=TimeToLive(None)),
        replace(BASE, ttl=TimeToLive("endsAt")),
        [(K.DISABLE_TTL, R.RATE_LIMITED, ())],
    ),
    "ttl-attribute": (
        replace(BASE, ttl=TimeToLive("endsAt")),
        replace(BASE, ttl=TimeToLive("old")),
        [(K.DISABLE_TTL, R.RATE_LIMITED, ()), (K.ENABLE_TTL, R.RATE_LIMITED, ())],
    ),
    "protection": (
        replace(BASE, deletion_protection=True),
        replace(BASE, deletion_protection=False),
        [(K.SET_DELETION_PROTECTION, R.SAFE, ())],
    ),
    "protection-off": (
        replace(BASE, deletion_protection=False),
        replace(BASE, deletion_protection=True),
        [(K.SET_DELETION_PROTECTION, R.REMOVES, (UNPROTECT,))],
    ),
    "backups-on": (
        replace(BASE, point_in_time_recovery=True),
        replace(BASE, point_in_time_recovery=False),
        [(K.ENABLE_PITR, R.SAFE, ())],
    ),
    "backups-off": (
        replace(BASE, point_in_time_recovery=False),
        replace(BASE, point_in_time_recovery=True),
        [(K.DISABLE_PITR, R.REMOVES, (UNPROTECT,))],
    ),
    "encryption": (
        replace(BASE, encryption=Encryption("KMS")),
        replace(BASE, encryption=Encryption()),
        [(K.UPDATE_ENCRYPTION, R.RATE_LIMITED, ())],
    ),
    "encryption-with-the-aws-owned-key-again": (
        replace(BASE, encryption=Encryption()),
        replace(BASE, encryption=Encryption("KMS", "key-1")),
        [(K.UPDATE_ENCRYPTION, R.REMOVES, (UNPROTECT,))],
    ),
    "another-key": (
        replace(BASE, encryption=Encryption("KMS", "key-2")),
        replace(BASE, encryption=Encryption("KMS", "key-1")),
        [(K.UPDATE_ENCRYPTION, R.REMOVES, (UNPROTECT,))],
    ),
    "table-class": (
        replace(BASE, table_class="STANDARD"),
        replace(BASE, table_class="STANDARD_INFREQUENT_ACCESS"),
        [(K.UPDATE_TABLE_CLASS, R.RATE_LIMITED, ())],
    ),
    # What random pairs of tables found (tests/properties).
    "a-replaced-index-has-its-throughput-before": (
        with_(index("one", throughput=TWO), of=PROVISIONED),
        with_(index("one", "b S", throughput=THREE), of=PROVISIONED),
        [
            FEWER,
            (K.DELETE_INDEX, R.REMOVES, (REDUCE, REPLACE)),
            (K.CREATE_INDEX, R.ONLINE_BUILD, (REDUCE, REPLACE)),
        ],
    ),
    "the-indexes-of-a-table-with-a-wrong-key-are-left-alone": (
        with_(index("changed"), index("missing")),
        with_(index("changed", "b S"), index("old"), of=replace(BASE, key=Key.parse("other S"))),
        [NEVER, NEVER, NEVER, NEVER, NEVER],
    ),
    "a-name-that-a-local-index-has": (
        with_(index("local", "b S")),
        replace(BASE, local_indexes=(LOCAL,)),
        [NEVER, NEVER],
    ),
    "behind-one-that-cannot-be-replaced": (
        with_(index("one", "sk S, a S"), index("two", "a S")),
        with_(index("one", "sk N, a N"), of=replace(BASE, key=Key.parse("pk S, sk N"))),
        [NEVER, NEVER, NEVER],
    ),
    "a-limit-that-a-replacement-would-bring-later": (
        with_(index("one", max_throughput=TWO)),
        with_(index("one", "b S", throughput=TWO), of=PROVISIONED),
        [
            LESS_MODE,
            LOWER,
            (K.DELETE_INDEX, R.REMOVES, (REDUCE, REPLACE)),
            (K.CREATE_INDEX, R.ONLINE_BUILD, (REDUCE, REPLACE)),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_of_each_issue(name: str) -> None:
    """An issue has these steps, with this risk and these options, in this order."""
    declared, found, expected = CASES[name]

    steps = plan(declared, found)

    assert [(step.kind, step.risk, step.requires) for step in steps] == expected
    assert all(step.table == "Plans" and step.reason and step.target for step in steps)


def test_every_kind_has_a_case() -> None:
    """Every kind that repairs make comes out of some case."""
    kinds = {kind for _, _, steps in CASES.values() for kind, *_ in steps}

    assert kinds == {*Kind} - {Kind.CREATE_TABLE}


def test_a_build_tells_what_it_costs() -> None:
    """The items and bytes that an index is built over stand in the step's reason."""
    (step,) = plan(
        with_(index("one", "a S, b N", projection=Projection("KEYS_ONLY"))), BASE, 10_000, 2_000_000
    )

    assert step.target == "one (a S, b N, KEYS_ONLY)"
    assert "10,000 items" in step.reason
    assert "2,000,000 bytes" in step.reason


def test_a_replacement_tells_how_to_do_without_a_gap() -> None:
    """Taking an index away to build it anew names the way without a gap."""
    removal, _ = plan(with_(index("one")), with_(index("one", "b S")))

    assert removal.target == "one (b S, ALL)"
    assert "under another name" in removal.reason


def test_missing_tables_are_left_to_setup() -> None:
    """A table that is not there has no step."""
    assert repair_actions(compare_all(TableSet((BASE,)), {"Plans": None})) == ()


def test_what_is_not_declared_has_no_step() -> None:
    """Facts that are not declared are left as they are."""
    found = replace(
        BASE,
        tags=(("a", "1"),),
        ttl=TimeToLive("endsAt"),
        stream=Stream("NEW_IMAGE"),
        deletion_protection=True,
        point_in_time_recovery=True,
        encryption=Encryption("KMS"),
        table_class="STANDARD_INFREQUENT_ACCESS",
        max_throughput=TWO,
    )

    assert plan(BASE, found) == ()


def test_what_an_engine_cannot_tell_has_no_step() -> None:
    """A fact that is not comparable is not repaired blindly."""
    declared = replace(BASE, encryption=Encryption("KMS"), tags=(("a", "1"),))
    live = LiveTable(
        table=BASE,
        status="ACTIVE",
        index_status={},
        unreadable={"encryption": "not kept", "tags": "no such call"},
    )

    assert repair_actions(compare_all(TableSet((declared,)), {"Plans": live})) == ()


@pytest.mark.parametrize("limit", [None, Throughput(9, 9)])
def test_a_rebuilt_index_keeps_the_limit_that_it_does_not_declare(limit: Throughput | None) -> None:
    """A new projection does not lift the on-demand limit of the index on the way."""
    held = with_(index("one", "b S", max_throughput=TWO))

    *_, build = plan(with_(index("one", max_throughput=limit)), held)

    assert build.index is not None
    assert build.index.max_throughput == (limit or TWO)


@pytest.mark.parametrize(
    "declared, found, built",
    [
        (None, WarmThroughput(12_000, 4_000), None),
        (None, WarmThroughput(20_000, 4_000), WarmThroughput(20_000)),
        (
            WarmThroughput(15_000, 6_000),
            WarmThroughput(20_000, 5_000),
            WarmThroughput(20_000, 6_000),
        ),
    ],
    ids=["aws-own", "raised", "the-higher-of-both"],
)
def test_a_rebuilt_index_keeps_the_warm_throughput_that_was_raised(
    declared: WarmThroughput | None, found: WarmThroughput, built: WarmThroughput | None
) -> None:
    """A new projection takes no warm throughput away: AWS would give a new index its least."""
    held = with_(index("one", "b S", warm_throughput=found))

    steps = plan(with_(index("one", warm_throughput=declared)), held)

    (build,) = [step for step in steps if step.kind is K.CREATE_INDEX]
    assert build.index is not None
    assert build.index.warm_throughput == built
