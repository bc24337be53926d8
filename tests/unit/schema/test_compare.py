"""Declared against found: every single change is named, typed, and the only one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.model import (
    Attribute,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Throughput,
    TimeToLive,
)
from osem_tasks.schema.warm import WarmThroughput
from tests.unit.schema.base import (
    ARN,
    BASE,
    LOCAL,
    STATUS,
    TEAM,
    changed,
    index_changed,
    live,
    named,
)

if TYPE_CHECKING:
    from osem_tasks.schema.live import LiveTable

CHANGES: list[tuple[str, LiveTable | None, IssueType, str]] = [
    ("table-missing", None, IssueType.TABLE_NOT_FOUND, "table"),
    *(
        (f"table-{status.lower()}", live(BASE, status=status), IssueType.TABLE_NOT_ACTIVE, "status")
        for status in (
            "CREATING",
            "UPDATING",
            "DELETING",
            "ARCHIVED",
            "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        )
    ),
    (
        "partition-key-renamed",
        changed(key=Key.parse("id S, season S")),
        IssueType.WRONG_PARTITION_KEY,
        "key.partition",
    ),
    (
        "partition-key-renamed-and-retyped",
        changed(key=Key.parse("id N, season S")),
        IssueType.WRONG_PARTITION_KEY,
        "key.partition",
    ),
    (
        "partition-key-retyped",
        changed(key=Key.parse("planId N, season S")),
        IssueType.WRONG_KEY_TYPE,
        "key.partition",
    ),
    (
        "partition-key-undefined",
        changed(key=Key((Attribute("planId", "?"),), BASE.key.sort)),
        IssueType.WRONG_KEY_TYPE,
        "key.partition",
    ),
    ("sort-key-gone", changed(key=Key.parse("planId S")), IssueType.WRONG_SORT_KEY, "key.sort"),
    (
        "sort-key-renamed",
        changed(key=Key.parse("planId S, at S")),
        IssueType.WRONG_SORT_KEY,
        "key.sort",
    ),
    (
        "sort-key-retyped",
        changed(key=Key.parse("planId S, season B")),
        IssueType.WRONG_KEY_TYPE,
        "key.sort",
    ),
    ("index-gone", changed(global_indexes=(TEAM,)), IssueType.MISSING_GSI, "index[status-index]"),
    (
        "index-more",
        changed(global_indexes=(TEAM, STATUS, Index("new-index", Key.parse("new S")))),
        IssueType.EXTRA_GSI,
        "index[new-index]",
    ),
    (
        "index-partition-renamed",
        index_changed(TEAM, key=Key.parse("team S, at N")),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-sort-gone",
        index_changed(TEAM, key=Key.parse("teamId S")),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-sort-more",
        index_changed(STATUS, key=Key.parse("status S, at N")),
        IssueType.WRONG_GSI_KEYS,
        "index[status-index].key",
    ),
    (
        "index-parts-swapped",
        index_changed(TEAM, key=Key.parse("at N, teamId S")),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-sort-moved-to-partition",
        index_changed(TEAM, key=Key.parse("teamId S + at N")),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-renamed-and-retyped",
        index_changed(TEAM, key=Key.parse("team N, at N")),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-sort-retyped",
        index_changed(TEAM, key=Key.parse("teamId S, at S")),
        IssueType.WRONG_KEY_TYPE,
        "index[team-index].key",
    ),
    (
        "index-partition-retyped",
        index_changed(STATUS, key=Key.parse("status N")),
        IssueType.WRONG_KEY_TYPE,
        "index[status-index].key",
    ),
    (
        "index-key-that-reads-alike",
        index_changed(TEAM, key=Key((Attribute("teamId S, at", "N"),))),
        IssueType.WRONG_GSI_KEYS,
        "index[team-index].key",
    ),
    (
        "index-projects-keys-only",
        index_changed(TEAM, projection=Projection("KEYS_ONLY")),
        IssueType.WRONG_GSI_PROJECTION,
        "index[team-index].projection",
    ),
    *(
        (
            f"index-includes-{case}",
            index_changed(STATUS, projection=Projection("INCLUDE", names)),
            IssueType.WRONG_GSI_PROJECTION,
            "index[status-index].projection",
        )
        for case, names in {
            "less": ("season",),
            "more": ("planName", "season", "startDate"),
            "other": ("planName", "startDate"),
            "what-reads-alike": ("planName, season",),
        }.items()
    ),
    *(
        (
            f"index-{status.lower()}",
            live(BASE, index_status={"team-index": status, "status-index": "ACTIVE"}),
            IssueType.GSI_NOT_ACTIVE,
            "index[team-index].status",
        )
        for status in ("CREATING", "UPDATING", "DELETING")
    ),
    ("local-gone", changed(local_indexes=()), IssueType.MISSING_LSI, "local_index[local-index]"),
    (
        "local-more",
        changed(local_indexes=(LOCAL, replace(LOCAL, name="more-index"))),
        IssueType.EXTRA_LSI,
        "local_index[more-index]",
    ),
    (
        "local-renamed-key",
        changed(local_indexes=(replace(LOCAL, key=Key.parse("planId S, end N")),)),
        IssueType.WRONG_LSI_KEYS,
        "local_index[local-index].key",
    ),
    (
        "local-retyped-key",
        changed(local_indexes=(replace(LOCAL, key=Key.parse("planId S, at S")),)),
        IssueType.WRONG_KEY_TYPE,
        "local_index[local-index].key",
    ),
    (
        "local-projects-all",
        changed(local_indexes=(replace(LOCAL, projection=Projection()),)),
        IssueType.WRONG_LSI_PROJECTION,
        "local_index[local-index].projection",
    ),
    (
        "billing-provisioned",
        changed(billing="PROVISIONED", throughput=Throughput(5, 5), max_throughput=None),
        IssueType.WRONG_BILLING_MODE,
        "billing",
    ),
    (
        "maximum-changed",
        changed(max_throughput=Throughput(200, -1)),
        IssueType.WRONG_BILLING_MODE,
        "max_throughput",
    ),
    (
        "maximum-gone",
        changed(max_throughput=Throughput(-1, -1)),
        IssueType.WRONG_BILLING_MODE,
        "max_throughput",
    ),
    *(
        (
            f"warm-{case}",
            changed(warm_throughput=warm),
            IssueType.WRONG_WARM_THROUGHPUT,
            "warm_throughput",
        )
        for case, warm in {
            "fewer-reads": WarmThroughput(19_999, 5_000),
            "fewer-writes": WarmThroughput(30_000, 4_999),
            "reads-alone": WarmThroughput(read=20_000),
            "gone": None,
        }.items()
    ),
    (
        "tag-gone",
        changed(tags=(("Application", "osem-ladders"),)),
        IssueType.WRONG_TAGS,
        "tags",
    ),
    ("tags-gone", changed(tags=()), IssueType.WRONG_TAGS, "tags"),
    (
        "tag-value-changed",
        changed(tags=(("Application", "osem-ladders"), ("Environment", "prod"))),
        IssueType.WRONG_TAGS,
        "tags",
    ),
    (
        "tag-key-of-other-case",
        changed(tags=(("Application", "osem-ladders"), ("environment", "dev"))),
        IssueType.WRONG_TAGS,
        "tags",
    ),
    ("ttl-off", changed(ttl=TimeToLive(None)), IssueType.WRONG_TTL, "ttl"),
    ("ttl-by-other", changed(ttl=TimeToLive("other")), IssueType.WRONG_TTL, "ttl"),
    ("stream-off", changed(stream=Stream(None)), IssueType.WRONG_STREAM, "stream"),
    ("stream-of-other", changed(stream=Stream("OLD_IMAGE")), IssueType.WRONG_STREAM, "stream"),
    (
        "unprotected",
        changed(deletion_protection=False),
        IssueType.WRONG_DELETION_PROTECTION,
        "deletion_protection",
    ),
    (
        "recovery-off",
        changed(point_in_time_recovery=False),
        IssueType.WRONG_PITR,
        "point_in_time_recovery",
    ),
    *(
        (f"encryption-{case}", changed(encryption=other), IssueType.WRONG_ENCRYPTION, "encryption")
        for case, other in {
            "off": Encryption(),
            "by-other-key": Encryption("KMS", f"{ARN}99"),
            "by-unknown-key": Encryption("KMS"),
        }.items()
    ),
    (
        "class-changed",
        changed(table_class="STANDARD_INFREQUENT_ACCESS"),
        IssueType.WRONG_TABLE_CLASS,
        "table_class",
    ),
]


@pytest.mark.parametrize(
    "found, issue, path", [pytest.param(*rest, id=case) for case, *rest in CHANGES]
)
def test_one_change_is_one_issue(found: LiveTable | None, issue: IssueType, path: str) -> None:
    """A change of any single declared fact is found, typed and named, and nothing else is."""
    assert [(issue, path)] == named(compare(BASE, found))


def test_every_issue_type_has_its_change() -> None:
    """The table above leaves no type of issue out."""
    assert set(IssueType) == {issue for _, _, issue, _ in CHANGES}


def test_several_changes_are_all_named() -> None:
    """Every fact is compared, whatever the others came to."""
    found = changed(key=Key.parse("planId N, at S"), global_indexes=(), ttl=TimeToLive(None))

    assert named(compare(BASE, found)) == [
        (IssueType.WRONG_KEY_TYPE, "key.partition"),
        (IssueType.WRONG_SORT_KEY, "key.sort"),
        (IssueType.MISSING_GSI, "index[status-index]"),
        (IssueType.MISSING_GSI, "index[team-index]"),
        (IssueType.WRONG_TTL, "ttl"),
    ]


def test_renamed_index_is_missing_and_extra() -> None:
    """An index under another name is one that is missing and one too many."""
    other = index_changed(STATUS, name="state-index")

    assert named(compare(BASE, other)) == [
        (IssueType.MISSING_GSI, "index[status-index]"),
        (IssueType.EXTRA_GSI, "index[state-index]"),
    ]


@pytest.mark.parametrize("days", [6, 35, 1])
def test_another_recovery_period_is_one_issue(days: int) -> None:
    """The period is a fact beside recovery itself, longer or shorter."""
    declared = replace(BASE, recovery_period_in_days=7)

    diff = compare(declared, changed(declared, recovery_period_in_days=days))

    assert named(diff) == [(IssueType.WRONG_PITR, "recovery_period_in_days")]
    (fact,) = diff.issues
    assert (fact.expected, fact.found) == ("7 days", f"{days} day{'s' if days > 1 else ''}")


def test_recovery_that_is_off_has_no_period() -> None:
    """Recovery that is off is one issue: the step that turns it on sets the period as well."""
    declared = replace(BASE, recovery_period_in_days=7)
    off = changed(declared, point_in_time_recovery=False, recovery_period_in_days=None)

    assert named(compare(declared, off)) == [(IssueType.WRONG_PITR, "point_in_time_recovery")]


@pytest.mark.parametrize("unreadable", ["point_in_time_recovery", "recovery_period_in_days"])
def test_a_period_that_the_engine_does_not_tell_is_not_comparable(unreadable: str) -> None:
    """Without an answer the period is neither right nor wrong, and the reason is kept."""
    declared = replace(BASE, recovery_period_in_days=7)
    blind = replace(changed(declared, recovery_period_in_days=None), unreadable={unreadable: "no"})

    facts = {fact.path: fact for fact in compare(declared, blind).not_comparable}

    assert facts["recovery_period_in_days"].reason == "no"
    assert compare(declared, blind).issues == ()


@pytest.mark.parametrize(
    "declared, found",
    [
        (WarmThroughput(20_000, 5_000), WarmThroughput(20_000, 5_000)),
        (WarmThroughput(20_000, 5_000), WarmThroughput(90_000, 5_001)),
        (WarmThroughput(20_000), WarmThroughput(20_000, 1)),
        (WarmThroughput(write=5_000), WarmThroughput(write=5_000)),
    ],
)
@pytest.mark.parametrize("of_index", [False, True], ids=["table", "index"])
def test_warm_throughput_that_is_reached_is_as_declared(
    declared: WarmThroughput, found: WarmThroughput, of_index: bool
) -> None:
    """AWS raises warm throughput with use: more than declared is no difference."""
    if of_index:
        mine = replace(BASE, global_indexes=(replace(TEAM, warm_throughput=declared), STATUS))
        theirs = replace(
            BASE, check=False, global_indexes=(replace(TEAM, warm_throughput=found), STATUS)
        )
    else:
        mine = replace(BASE, warm_throughput=declared)
        theirs = replace(BASE, check=False, warm_throughput=found)

    diff = compare(mine, live(theirs))

    path = "index[team-index].warm_throughput" if of_index else "warm_throughput"
    assert (diff.issues, path in {fact.path for fact in diff.same}) == ((), True)
