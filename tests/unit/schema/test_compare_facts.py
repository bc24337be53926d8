"""Declared against found: no false alarm, and what cannot be compared is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.schema.compare import compare
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.live import (
    ENCRYPTION,
    MAX_THROUGHPUT,
    TABLE_CLASS,
    WARM_THROUGHPUT,
    LiveTable,
)
from osem_tasks.schema.model import Encryption, Key, Stream, Table, Throughput, TimeToLive
from tests.support.strategies import reordered, tables
from tests.unit.schema.base import ARN, BASE, PROVISIONED, TEAM, changed, live, named


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

    assert "encryption" in [fact.path for fact in diff.same]


@pytest.mark.parametrize(
    "alias", ["alias/mine", "arn:aws:kms:us-east-1:123456789012:alias/mine"], ids=["name", "arn"]
)
def test_alias_is_not_comparable(alias: str) -> None:
    """AWS shows a key by its ARN only: a declared alias is neither the same nor different."""
    diff = compare(replace(BASE, encryption=Encryption("KMS", alias)), live(BASE))

    assert named(diff) == []
    assert [fact.path for fact in diff.not_comparable] == ["encryption"]


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
        "warm_throughput",
    ],
)
def test_undeclared_fact_is_not_compared(fact: str) -> None:
    """A fact that is not declared is in no verdict, whatever is found."""
    without: dict[str, Any] = {fact: None}
    diff = compare(replace(BASE, **without), live(BASE))

    assert fact not in {compared.path for compared in diff.facts}
    assert diff.issues == ()


def test_foreign_tags_are_not_judged() -> None:
    """A tag that somebody else put there is no difference."""
    more = changed(tags=(*(BASE.tags or ()), ("CostCentre", "42")))

    assert named(compare(BASE, more)) == []


@pytest.mark.parametrize(
    "fact",
    [
        "tags",
        "ttl",
        "point_in_time_recovery",
        ENCRYPTION,
        TABLE_CLASS,
        MAX_THROUGHPUT,
        WARM_THROUGHPUT,
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
        (silent.path, silent.reason, silent.found) for silent in diff.not_comparable
    ]
