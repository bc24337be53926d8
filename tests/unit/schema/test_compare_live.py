"""Two live environments compared: one counts as declared, what it cannot tell does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.schema.compare_live import compare_live, wanting_everything
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Encryption, Index, Key, Stream, Table, Throughput, TimeToLive
from osem_tasks.schema.warm import WarmThroughput

OWN = frozenset({"Environment"})
FULL = Table(
    name="dev-Users",
    key=Key.parse("pk S"),
    global_indexes=(Index("one", Key.parse("a S")),),
    tags=(("Environment", "dev"), ("team", "x")),
    ttl=TimeToLive("endsAt"),
    stream=Stream("NEW_IMAGE"),
    deletion_protection=True,
    point_in_time_recovery=True,
    encryption=Encryption(),
    table_class="STANDARD",
)


def live(table: Table = FULL, **facts: Any) -> LiveTable:
    """``table`` as it was read."""
    return LiveTable(table=table, status="ACTIVE", index_status={"one": "ACTIVE"}, **facts)


@pytest.mark.parametrize(
    "facts, issue",
    [
        ({"key": Key.parse("pk N")}, IssueType.WRONG_KEY_TYPE),
        ({"global_indexes": ()}, IssueType.MISSING_GSI),
        (
            {"global_indexes": (*FULL.global_indexes, Index("two", Key.parse("a S")))},
            IssueType.EXTRA_GSI,
        ),
        (
            {
                "billing": "PROVISIONED",
                "throughput": Throughput(1, 1),
                "global_indexes": (replace(FULL.global_indexes[0], throughput=Throughput(1, 1)),),
            },
            IssueType.WRONG_BILLING_MODE,
        ),
        ({"tags": (("team", "y"),)}, IssueType.WRONG_TAGS),
        ({"ttl": TimeToLive(None)}, IssueType.WRONG_TTL),
        ({"stream": Stream(None)}, IssueType.WRONG_STREAM),
        ({"deletion_protection": False}, IssueType.WRONG_DELETION_PROTECTION),
        ({"point_in_time_recovery": False}, IssueType.WRONG_PITR),
        ({"encryption": Encryption("KMS")}, IssueType.WRONG_ENCRYPTION),
        ({"table_class": "STANDARD_INFREQUENT_ACCESS"}, IssueType.WRONG_TABLE_CLASS),
    ],
    ids=lambda value: value.value if isinstance(value, IssueType) else None,
)
def test_one_fact_that_differs_is_named(facts: dict[str, Any], issue: IssueType) -> None:
    """The other environment's table counts as declared, fact by fact."""
    changed: dict[str, Any] = {"name": "test-Users", **facts}

    diff = compare_live(live(), live(replace(FULL, **changed)), "test-Users", OWN)

    assert diff.name == "test-Users"
    assert [fact.issue_type for fact in diff.issues] == [issue]


def test_equal_tables_of_two_environments() -> None:
    """The environments' own tags and names do not count."""
    theirs = replace(FULL, name="test-Users", tags=(("Environment", "test"), ("team", "x")))

    diff = compare_live(live(), live(theirs), "test-Users", OWN)

    assert (diff.issues, diff.not_comparable, diff.exists) == ((), (), True)


@pytest.mark.parametrize(
    "expected, found, status, issues",
    [
        (None, None, "NOT_FOUND", []),
        (live(), None, "NOT_FOUND", [("ACTIVE", None)]),
        (None, live(), "ACTIVE", [(None, "ACTIVE")]),
    ],
    ids=["nowhere", "only-there", "only-here"],
)
def test_a_table_on_one_side_only(
    expected: LiveTable | None,
    found: LiveTable | None,
    status: str,
    issues: list[tuple[str | None, str | None]],
) -> None:
    """A table that one side lacks is named; one that both lack is no difference."""
    diff = compare_live(expected, found, "test-Users", OWN)

    assert diff.status == status
    assert [(fact.expected, fact.found) for fact in diff.issues] == issues
    assert all(fact.issue_type is IssueType.TABLE_NOT_FOUND for fact in diff.issues)


@pytest.mark.parametrize("side", ["expected", "found"])
def test_what_one_side_cannot_tell_is_no_difference(side: str) -> None:
    """A fact that is unreadable on either side is never called different."""
    blind = live(replace(FULL, tags=None, ttl=None), unreadable={"tags": "no call", "ttl": "no"})
    expected, found = (blind, live()) if side == "expected" else (live(), blind)

    diff = compare_live(expected, found, "test-Users", OWN)

    assert diff.issues == ()


def test_wanting_everything_asks_for_each_call() -> None:
    """What takes a call of its own to be read is asked for, whatever is declared."""
    bare = Table(name="Users", key=Key.parse("pk S"))

    wanted = wanting_everything(bare)

    assert None not in (wanted.tags, wanted.ttl, wanted.point_in_time_recovery)
    assert (wanted.name, wanted.key) == (bare.name, bare.key)


def test_a_limit_that_the_expected_side_cannot_tell() -> None:
    """An engine that drops on-demand limits, of table and indexes, expects none of the other."""
    dropped, limit = Throughput(-1, -1), Throughput(5, 5)
    index = FULL.global_indexes[0]
    blind = live(
        replace(
            FULL, max_throughput=dropped, global_indexes=(replace(index, max_throughput=dropped),)
        ),
        unreadable={"max_throughput": "not kept"},
    )
    sighted = live(
        replace(FULL, max_throughput=limit, global_indexes=(replace(index, max_throughput=limit),))
    )

    assert compare_live(blind, sighted, "test-Users", OWN).issues == ()


AWS_OWN = WarmThroughput(12_000, 4_000)


@pytest.mark.parametrize(
    "mine, theirs, differs",
    [
        (AWS_OWN, AWS_OWN, False),
        (WarmThroughput(20_000, 5_000), AWS_OWN, True),
        (AWS_OWN, WarmThroughput(20_000, 5_000), True),
        (WarmThroughput(20_000, 5_000), WarmThroughput(30_000, 5_000), True),
        (WarmThroughput(20_000, 5_000), WarmThroughput(20_000, 5_000), False),
    ],
)
@pytest.mark.parametrize("of_index", [False, True], ids=["table", "index"])
def test_warm_throughput_of_two_environments(
    mine: WarmThroughput, theirs: WarmThroughput, differs: bool, of_index: bool
) -> None:
    """Two environments differ if one is warmer, whichever it is."""
    tables = [
        replace(FULL, global_indexes=(replace(FULL.global_indexes[0], warm_throughput=warm),))
        if of_index
        else replace(FULL, warm_throughput=warm)
        for warm in (mine, theirs)
    ]

    diff = compare_live(live(tables[0]), live(tables[1]), "test-Users", OWN)

    issues = [IssueType.WRONG_WARM_THROUGHPUT] if differs else []
    assert [fact.issue_type for fact in diff.issues] == issues


def test_warm_throughput_that_follows_the_units_is_no_difference_of_its_own() -> None:
    """A provisioned table has its units warm: only the units differ."""
    one, other = (
        replace(
            FULL,
            global_indexes=(),
            billing="PROVISIONED",
            throughput=Throughput(units, units),
            warm_throughput=WarmThroughput(units, units),
        )
        for units in (5, 50)
    )

    diff = compare_live(live(one), live(other), "test-Users", OWN)

    assert [fact.path for fact in diff.issues] == ["throughput"]


@pytest.mark.parametrize("days, differs", [(7, False), (35, True)])
def test_recovery_periods_of_two_environments(days: int, differs: bool) -> None:
    """Two environments differ if one keeps its backups longer."""
    one, other = (replace(FULL, recovery_period_in_days=period) for period in (7, days))

    diff = compare_live(live(one), live(other), "test-Users", OWN)

    assert [fact.path for fact in diff.issues] == (["recovery_period_in_days"] if differs else [])
