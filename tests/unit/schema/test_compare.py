"""Declared against found: no false alarm, and every single change named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.schema import live as facts
from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import IssueType, TableDiff, Verdict
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import (
    Attribute,
    Encryption,
    Index,
    Key,
    Projection,
    Stream,
    Table,
    Throughput,
    TimeToLive,
)
from tests.support.strategies import reordered, tables

TEAM = Index("team-index", Key.parse("teamId S, at N"))
STATUS = Index("status-index", Key.parse("status S"), Projection("INCLUDE", ("planName", "season")))
LOCAL = Index("local-index", Key.parse("planId S, at N"), Projection("KEYS_ONLY"))
ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
BASE = Table(
    name="Plans",
    key=Key.parse("planId S, season S"),
    global_indexes=(TEAM, STATUS),
    local_indexes=(LOCAL,),
    tags=(("Application", "osem-ladders"), ("Environment", "dev")),
    ttl=TimeToLive("expiresAt"),
    stream=Stream("NEW_IMAGE"),
    deletion_protection=True,
    point_in_time_recovery=True,
    encryption=Encryption("KMS", ARN),
    table_class="STANDARD",
    max_throughput=Throughput(100, -1),
)
PROVISIONED = replace(
    BASE,
    billing="PROVISIONED",
    throughput=Throughput(5, 5),
    max_throughput=None,
    global_indexes=(replace(TEAM, throughput=Throughput(5, 5)),),
)


def live(found: Table, **state: Any) -> LiveTable:
    """``found`` as an engine holds it, ACTIVE unless ``state`` says otherwise."""
    return LiveTable(**{"table": found, "status": "ACTIVE", "index_status": {}, **state})


def changed(base: Table = BASE, **changes: Any) -> LiveTable:
    """A live table that differs from ``base`` in ``changes``."""
    return live(replace(base, check=False, **changes))


def index_changed(index: Index, **changes: Any) -> LiveTable:
    """A live table of which one global index differs."""
    other = replace(index, **changes)
    return changed(
        global_indexes=tuple(other if each is index else each for each in BASE.global_indexes)
    )


def named(diff: TableDiff) -> list[tuple[IssueType, str]]:
    """The type and the path of every difference."""
    return [(each.issue, each.path) for each in diff.issues]


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


@pytest.mark.parametrize(
    "declared, found, issue, path",
    [
        pytest.param(
            replace(BASE, key=Key.parse("planId S"), local_indexes=()),
            changed(local_indexes=()),
            IssueType.WRONG_SORT_KEY,
            "key.sort",
            id="sort-key-not-declared",
        ),
        pytest.param(
            PROVISIONED,
            changed(PROVISIONED, throughput=Throughput(5, 6)),
            IssueType.WRONG_BILLING_MODE,
            "throughput",
            id="throughput",
        ),
        pytest.param(
            PROVISIONED,
            changed(PROVISIONED, global_indexes=(replace(TEAM, throughput=Throughput(1, 5)),)),
            IssueType.WRONG_BILLING_MODE,
            "index[team-index].throughput",
            id="index-throughput",
        ),
        pytest.param(
            PROVISIONED,
            changed(PROVISIONED, billing="PAY_PER_REQUEST", throughput=None),
            IssueType.WRONG_BILLING_MODE,
            "billing",
            id="on-demand-not-provisioned",
        ),
        pytest.param(
            replace(BASE, global_indexes=(replace(TEAM, max_throughput=Throughput(5, 5)),)),
            changed(global_indexes=(replace(TEAM, max_throughput=Throughput(-1, -1)),)),
            IssueType.WRONG_BILLING_MODE,
            "index[team-index].max_throughput",
            id="index-maximum",
        ),
        pytest.param(
            replace(BASE, ttl=TimeToLive(None)), live(BASE), IssueType.WRONG_TTL, "ttl", id="no-ttl"
        ),
        pytest.param(
            replace(BASE, stream=Stream(None)),
            live(BASE),
            IssueType.WRONG_STREAM,
            "stream",
            id="no-stream",
        ),
        pytest.param(
            replace(BASE, deletion_protection=False),
            live(BASE),
            IssueType.WRONG_DELETION_PROTECTION,
            "deletion_protection",
            id="no-protection",
        ),
        pytest.param(
            replace(BASE, point_in_time_recovery=False),
            live(BASE),
            IssueType.WRONG_PITR,
            "point_in_time_recovery",
            id="no-recovery",
        ),
        *(
            pytest.param(
                replace(BASE, encryption=declared),
                changed(encryption=found),
                IssueType.WRONG_ENCRYPTION,
                "encryption",
                id=f"encryption-{case}",
            )
            for case, declared, found in (
                ("aws-owned-found-kms", Encryption(), Encryption("KMS", ARN)),
                ("any-kms-found-aws-owned", Encryption("KMS"), Encryption()),
                ("alias-found-aws-owned", Encryption("KMS", "alias/mine"), Encryption()),
                ("id-found-other", Encryption("KMS", "abcd"), Encryption("KMS", ARN)),
            )
        ),
    ],
)
def test_change_of_what_else_can_be_declared(
    declared: Table, found: LiveTable, issue: IssueType, path: str
) -> None:
    """A fact declared to be off, a throughput and each kind of key are compared like the rest."""
    assert [(issue, path)] == named(compare(declared, found))


@pytest.mark.parametrize(
    "declared, found",
    [
        pytest.param(Encryption("KMS"), Encryption("KMS", ARN), id="any-kms-key"),
        pytest.param(Encryption("KMS", "1234abcd"), Encryption("KMS", ARN), id="id"),
        pytest.param(Encryption("KMS", ARN), Encryption("KMS", ARN), id="arn"),
        pytest.param(
            Encryption("KMS", "alias/foo"), Encryption("KMS", "alias/foo"), id="alias-echoed"
        ),
    ],
)
def test_key_named_otherwise_is_the_same(declared: Encryption, found: Encryption) -> None:
    """A KMS key declared by its id, its ARN or not at all matches the ARN that is found."""
    diff = compare(replace(BASE, encryption=declared), changed(encryption=found))

    assert "encryption" in [each.path for each in diff.same]


@pytest.mark.parametrize(
    "alias", ["alias/mine", "arn:aws:kms:us-east-1:123456789012:alias/mine"], ids=["name", "arn"]
)
def test_alias_is_not_comparable(alias: str) -> None:
    """AWS shows a key by its ARN only: a declared alias is neither the same nor different."""
    diff = compare(replace(BASE, encryption=Encryption("KMS", alias)), live(BASE))

    assert named(diff) == []
    assert [each.path for each in diff.not_comparable] == ["encryption"]


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


@given(tables())
def test_table_does_not_differ_from_itself(declared: Table) -> None:
    """``compare(t, live of t)`` has no issue and leaves nothing out."""
    diff = compare(declared, live(declared))

    assert (diff.issues, diff.not_comparable) == ((), ())


@given(st.data(), tables())
def test_order_never_matters(data: st.DataObject, declared: Table) -> None:
    """A live table in another order is as declared, and so is the other way round."""
    other = data.draw(reordered(declared))

    assert (
        compare(declared, live(other)).issues,
        compare(other, live(declared)).issues,
    ) == ((), ())


@pytest.mark.parametrize(
    "fact",
    [
        "tags",
        "ttl",
        "stream",
        "deletion_protection",
        "point_in_time_recovery",
        "encryption",
        "table_class",
        "max_throughput",
    ],
)
def test_undeclared_fact_is_not_compared(fact: str) -> None:
    """A fact that is not declared is in no verdict, whatever is found."""
    without: dict[str, Any] = {fact: None}
    diff = compare(replace(BASE, **without), live(BASE))

    assert fact not in {each.path for each in diff.facts}
    assert diff.issues == ()


def test_foreign_tags_are_not_judged() -> None:
    """A tag that somebody else put there is no difference."""
    more = changed(tags=(*(BASE.tags or ()), ("CostCentre", "42")))

    assert named(compare(BASE, more)) == []


@pytest.mark.parametrize(
    "fact",
    [
        facts.TAGS,
        facts.TTL,
        facts.POINT_IN_TIME_RECOVERY,
        facts.ENCRYPTION,
        facts.TABLE_CLASS,
        facts.MAX_THROUGHPUT,
    ],
)
def test_unreadable_fact_is_not_comparable(fact: str) -> None:
    """What the engine cannot tell is not comparable, with the reason, and never an issue."""
    missing: dict[str, Any] = {fact: None}
    found = live(
        replace(BASE, check=False, **missing), unreadable={fact: "the engine does not keep it"}
    )
    diff = compare(BASE, found)

    assert named(diff) == []
    assert [(fact, "the engine does not keep it", None)] == [
        (each.path, each.reason, each.found) for each in diff.not_comparable
    ]


def test_facts_fall_into_the_three_verdicts() -> None:
    """``same``, ``issues`` and ``not_comparable`` share out all facts."""
    found = live(replace(BASE, ttl=TimeToLive(None)), unreadable={facts.TAGS: "no such call"})
    diff = compare(BASE, found)
    shares = {
        Verdict.SAME: diff.same,
        Verdict.DIFFERENT: diff.issues,
        Verdict.NOT_COMPARABLE: diff.not_comparable,
    }

    assert {each: tuple(f for f in diff.facts if f.verdict is each) for each in Verdict} == shares
    assert len(diff.facts) == sum(map(len, shares.values()))


@pytest.mark.parametrize(
    "found, status, exists",
    [
        pytest.param(None, "NOT_FOUND", False, id="missing"),
        pytest.param(live(BASE), "ACTIVE", True, id="active"),
        pytest.param(live(BASE, status="DELETING"), "DELETING", True, id="deleting"),
    ],
)
def test_diff_tells_whether_the_table_exists(
    found: LiveTable | None, status: str, exists: bool
) -> None:
    """The status is the engine's own; a missing table is NOT_FOUND."""
    diff = compare(BASE, found)

    assert ("Plans", status, exists) == (diff.name, diff.status, diff.exists)


@pytest.mark.parametrize(
    "state, expected",
    [
        pytest.param({}, True, id="active"),
        pytest.param({"index_status": {"a": "ACTIVE"}}, True, id="index-active"),
        pytest.param({"status": "CREATING"}, False, id="creating"),
        pytest.param(
            {"index_status": {"a": "ACTIVE", "b": "CREATING"}}, False, id="index-creating"
        ),
    ],
)
def test_table_is_ready_with_all_its_indexes(state: dict[str, Any], expected: bool) -> None:
    """A table is ready when it and every index of it are ACTIVE."""
    assert expected == live(BASE, **state).ready
