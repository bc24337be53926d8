"""Hypothesis strategies for tables that DynamoDB would take, with every fact they may declare."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from osem_tasks.schema import rules
from osem_tasks.schema.model import (
    Attribute,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = st.characters(codec="utf-8")
NAMES = st.text(string.ascii_letters + string.digits + "_-.", min_size=3, max_size=12)
ATTRIBUTES = st.builds(
    Attribute, st.text(_TEXT, min_size=1, max_size=6), st.sampled_from(rules.KEY_TYPES)
)
UNITS = st.integers(1, 40_000)
CEILINGS = st.builds(Throughput, *[st.just(-1) | UNITS] * 2)
TAGS = st.lists(
    st.tuples(
        # CloudFormation's pattern of a tag's key has no line break.
        st.text(_TEXT, min_size=1, max_size=6).filter(
            lambda key: not key.lower().startswith("aws:") and "\n" not in key
        ),
        st.text(_TEXT, max_size=6),
    ),
    max_size=4,
    unique_by=lambda tag: tag[0],
).map(tuple)
# Above every number of UNITS, and above what AWS gives to a table on demand.
_WARM = st.none() | st.integers(40_000, 90_000)
WARM = st.builds(WarmThroughput, _WARM, _WARM).filter(lambda warm: warm != WarmThroughput())
PROJECTIONS = st.sampled_from((Projection(), Projection("KEYS_ONLY"))) | st.lists(
    st.text(_TEXT, min_size=1, max_size=6), min_size=1, max_size=4, unique=True
).map(lambda names: Projection("INCLUDE", tuple(names)))
ENCRYPTIONS = st.sampled_from(
    (
        Encryption(),
        Encryption("KMS"),
        Encryption("KMS", "arn:aws:kms:us-east-1:123456789012:key/1234abcd"),
    )
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any sound table."""
    pool = draw(st.lists(ATTRIBUTES, min_size=3, max_size=6, unique_by=lambda each: each.name))
    parts = draw(st.permutations(pool))
    key = Key((parts[0],), tuple(parts[1 : draw(st.integers(1, 2))]))
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    local = draw(st.integers(0, min(2, len(names)))) if key.sort else 0
    provisioned = draw(st.booleans())
    capacity = st.builds(Throughput, UNITS, UNITS) if provisioned else st.none()
    ceiling = st.none() if provisioned else st.none() | CEILINGS
    indexes = tuple(
        Index(
            name,
            draw(_index_keys(pool)),
            draw(PROJECTIONS),
            draw(capacity),
            draw(ceiling),
            draw(st.none() | WARM),
        )
        for name in names[local:]
    )
    recovery = draw(st.none() | st.booleans())
    return Table(
        name=draw(NAMES),
        key=key,
        global_indexes=indexes,
        local_indexes=tuple(
            Index(name, Key(key.partition, (draw(st.sampled_from(parts[1:])),)), draw(PROJECTIONS))
            for name in names[:local]
        ),
        billing="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        throughput=draw(capacity),
        max_throughput=draw(ceiling),
        warm_throughput=draw(st.none() | WARM),
        tags=draw(st.none() | TAGS),
        ttl=draw(st.none() | st.builds(TimeToLive, st.none() | st.just("expiresAt"))),
        stream=draw(st.none() | st.builds(Stream, st.none() | st.sampled_from(rules.STREAM_VIEWS))),
        deletion_protection=draw(st.none() | st.booleans()),
        point_in_time_recovery=recovery,
        recovery_period_in_days=draw(st.none() | st.integers(1, 35)) if recovery else None,
        encryption=draw(st.none() | ENCRYPTIONS),
        table_class=draw(st.none() | st.sampled_from(rules.TABLE_CLASSES)),
    )


@st.composite
def table_sets(draw: st.DrawFn) -> TableSet:
    """Up to three tables of different names."""
    return TableSet(tuple(draw(st.lists(tables(), max_size=3, unique_by=lambda each: each.name))))


@st.composite
def reordered(draw: st.DrawFn, table: Table) -> Table:
    """``table`` declared anew, with everything whose order has no meaning in another order."""

    def indexes(declared: Sequence[Index]) -> tuple[Index, ...]:
        return tuple(_reprojected(draw, each) for each in draw(st.permutations(declared)))

    return replace(
        table,
        global_indexes=indexes(table.global_indexes),
        local_indexes=indexes(table.local_indexes),
        tags=None if table.tags is None else tuple(draw(st.permutations(table.tags))),
    )


def _index_keys(pool: Sequence[Attribute]) -> st.SearchStrategy[Key]:
    """Keys of a global index: one to two attributes to partition by, none to one to sort by."""
    return st.builds(
        lambda order, wide, long: Key(tuple(order[:wide]), tuple(order[wide : wide + long])),
        st.permutations(pool),
        st.integers(1, 2),
        st.integers(0, 1),
    )


def _reprojected(draw: st.DrawFn, index: Index) -> Index:
    names = draw(st.permutations(index.projection.attributes))
    return replace(index, projection=Projection(index.projection.kind, tuple(names)))
