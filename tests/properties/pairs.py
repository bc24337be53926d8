"""Random pairs of table sets: what is declared, and what an engine holds instead.

Few names, few types and few numbers, so that the two sides meet: an index of the same
name with other keys, an attribute of another type, the same units on one of them. Whole
index bodies are drawn from a product made once, because drawing is what takes the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any, NamedTuple

from hypothesis import strategies as st

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

POOL = ("pk", "sk", "a", "b", "c")
GLOBAL_NAMES = ("g-one", "g-two", "g-three", "g-four", "either")
LOCAL_NAMES = ("l-one", "l-two", "either")
TABLE_NAMES = ("Users", "Teams", "Plans")
KMS = "arn:aws:kms:us-east-1:123456789012:key/own"
UNITS = (Throughput(1, 1), Throughput(2, 1), Throughput(1, 2))
CEILINGS = (None, *UNITS)
# AWS's own for a table on demand, one that is raised, and one that names reads alone.
WARM = (
    None,
    WarmThroughput(12_000, 4_000),
    WarmThroughput(20_000, 5_000),
    WarmThroughput(read=15_000),
)
PERIODS = (None, 1, 7, 35)
KEYS = (("pk",), ("pk", "sk"), ("pk", "a"))
PROJECTIONS = (
    Projection(),
    Projection("KEYS_ONLY"),
    Projection("INCLUDE", ("x",)),
    Projection("INCLUDE", ("x", "y")),
)
INDEX_KEYS = (
    *(((each,), ()) for each in POOL),
    *(((one,), (two,)) for one, two in permutations(POOL, 2)),
    *(((one, two), ()) for one, two in permutations(POOL[1:4], 2)),
    *(((one, two), (three,)) for one, two, three in permutations(POOL[2:], 3)),
)
# Mostly texts, so that two keys agree more often than not.
TYPES = tuple(dict(zip(POOL, kinds, strict=True)) for kinds in product("SN", repeat=len(POOL)))
SETTINGS: dict[str, tuple[Any, ...]] = {
    "tags": ((), (("k", "1"),), (("k", "2"),), (("k", "1"), ("m", "1"))),
    "ttl": (TimeToLive(None), TimeToLive("expiresAt"), TimeToLive("endsAt")),
    "stream": (Stream(None), Stream("NEW_IMAGE"), Stream("KEYS_ONLY")),
    "deletion_protection": (False, True),
    "point_in_time_recovery": (False, True),
    "encryption": (Encryption(), Encryption("KMS"), Encryption("KMS", KMS)),
    "table_class": ("STANDARD", "STANDARD_INFREQUENT_ACCESS"),
}


class Body(NamedTuple):
    """An index without its name; units and ceiling count in one of the billing modes."""

    key: tuple[tuple[str, ...], tuple[str, ...]]
    projection: Projection
    units: Throughput
    ceiling: Throughput | None
    warm: WarmThroughput | None


class Local(NamedTuple):
    """A local index without its name."""

    sort: str
    projection: Projection


@dataclass(frozen=True)
class Draft:
    """A table by names only; the types of its attributes are looked up when it is built."""

    types: dict[str, str]
    key: tuple[str, ...]
    indexes: dict[str, Body]
    local: dict[str, Local]
    provisioned: bool
    units: Throughput
    ceiling: Throughput | None
    warm: WarmThroughput | None
    period: int | None
    settings: dict[str, Any]

    def table(self, name: str) -> Table:
        """The table; what its other facts leave no room for is left out."""
        partition, sort = self.key[:1], self.key[1:]
        local = {
            each: Index(each, Key(self._part(partition), self._part((other,))), projection)
            for each, (other, projection) in self.local.items()
            if sort and other not in partition
        }
        units, ceiling = self._capacity(self)
        recovery = self.settings["point_in_time_recovery"]
        return Table(
            name=name,
            key=Key(self._part(partition), self._part(sort)),
            global_indexes=tuple(
                Index(
                    each,
                    Key(self._part(body.key[0]), self._part(body.key[1])),
                    body.projection,
                    *self._capacity(body),
                    body.warm,
                )
                for each, body in self.indexes.items()
                if each not in local
            ),
            local_indexes=tuple(local.values()),
            billing="PROVISIONED" if self.provisioned else "PAY_PER_REQUEST",
            throughput=units,
            max_throughput=ceiling,
            warm_throughput=self.warm,
            recovery_period_in_days=self.period if recovery else None,
            **self.settings,
        )

    def _part(self, names: tuple[str, ...]) -> tuple[Attribute, ...]:
        return tuple(Attribute(each, self.types[each]) for each in names)

    def _capacity(self, held: Draft | Body) -> tuple[Throughput | None, Throughput | None]:
        return (held.units, None) if self.provisioned else (None, held.ceiling)


_BODIES = st.sampled_from(
    tuple(Body(*parts) for parts in product(INDEX_KEYS, PROJECTIONS, UNITS, CEILINGS, WARM))
)
_LOCALS = st.sampled_from(tuple(Local(*parts) for parts in product(POOL[1:], PROJECTIONS)))
_SETTINGS = {name: st.sampled_from((None, *values)) for name, values in SETTINGS.items()}
DRAFTS = st.builds(
    Draft,
    types=st.sampled_from(TYPES),
    key=st.sampled_from(KEYS),
    indexes=st.dictionaries(st.sampled_from(GLOBAL_NAMES), _BODIES, max_size=4),
    local=st.just({}) | st.dictionaries(st.sampled_from(LOCAL_NAMES), _LOCALS, max_size=2),
    provisioned=st.booleans(),
    units=st.sampled_from(UNITS),
    ceiling=st.sampled_from(CEILINGS),
    warm=st.sampled_from(WARM),
    period=st.sampled_from(PERIODS),
    settings=st.fixed_dictionaries(_SETTINGS),
)


class Change(NamedTuple):
    """One fact of a draft set to another value; None takes an index away."""

    field: str
    name: str
    value: Any

    def apply(self, draft: Draft) -> Draft:
        """``draft`` with the change; what it does not have cannot change."""
        if not self.name:
            return replace(draft, **{self.field: self.value})
        held: dict[str, Any] = dict(getattr(draft, self.field))
        part, _, of = self.name.partition(" of ")
        if of:
            if of in held:
                held[of] = held[of]._replace(**{part: self.value})
        elif self.value is None:
            held.pop(self.name, None)
        else:
            held[self.name] = self.value
        fields: dict[str, Any] = {self.field: held}
        return replace(draft, **fields)


_CHANGES = st.one_of(
    st.builds(Change, st.just("types"), st.sampled_from(POOL), st.sampled_from("SNB")),
    st.builds(Change, st.just("key"), st.just(""), st.sampled_from(KEYS)),
    st.builds(Change, st.just("indexes"), st.sampled_from(GLOBAL_NAMES), st.none() | _BODIES),
    st.sampled_from(
        [
            Change("indexes", f"{part} of {name}", value)
            for part, values in (
                ("key", INDEX_KEYS),
                ("projection", PROJECTIONS),
                ("units", UNITS),
                ("ceiling", CEILINGS),
                ("warm", WARM),
            )
            for name in GLOBAL_NAMES
            for value in values
        ]
    ),
    st.builds(Change, st.just("local"), st.sampled_from(LOCAL_NAMES), st.none() | _LOCALS),
    st.builds(Change, st.just("provisioned"), st.just(""), st.booleans()),
    st.builds(Change, st.just("units"), st.just(""), st.sampled_from(UNITS)),
    st.builds(Change, st.just("ceiling"), st.just(""), st.sampled_from(CEILINGS)),
    st.builds(Change, st.just("warm"), st.just(""), st.sampled_from(WARM)),
    st.builds(Change, st.just("period"), st.just(""), st.sampled_from(PERIODS)),
    st.sampled_from(
        [Change("settings", name, each) for name, values in SETTINGS.items() for each in values]
    ),
)


@dataclass(frozen=True)
class Pair:
    """What is declared, and what is held under the same names; some tables may be missing."""

    declared: TableSet
    held: tuple[Table, ...]
    relation: str


@st.composite
def pairs(draw: st.DrawFn, most: int = 3) -> Pair:
    """A pair of sets: equal, mutated, missing, or drawn independently of each other."""
    declared, held, relations = [], [], set()
    for name in TABLE_NAMES[: draw(st.integers(1, most))]:
        mine = theirs = draw(DRAFTS)
        relation = draw(_RELATIONS)
        if relation == "independent":
            theirs = draw(DRAFTS)
        if relation == "mutated":
            for change in draw(_MUTATIONS):
                theirs = change.apply(theirs)
        relations.add(relation)
        declared.append(mine.table(name))
        if relation != "missing":
            held.append(theirs.table(name))
    return Pair(TableSet(tuple(declared)), tuple(held), "+".join(sorted(relations)))


_MUTATIONS = st.lists(_CHANGES, min_size=1, max_size=6)
_RELATIONS = st.sampled_from(("equal", "missing", *["mutated"] * 5, *["independent"] * 3))


@st.composite
def crowded(draw: st.DrawFn) -> Pair:
    """One table near DynamoDB's limit of 20 global indexes, on both sides."""
    names = [f"index-{number:02}" for number in range(24)]

    def side() -> tuple[Index, ...]:
        types = draw(st.sampled_from(TYPES))
        chosen = draw(st.sets(st.sampled_from(names), min_size=16, max_size=20))
        # Keys of one attribute, so that few of them clash.
        return tuple(
            Index(name, Key((Attribute(each, types[each]),)))
            for name in sorted(chosen)
            for each in (POOL[int(name[-2:]) % len(POOL)],)
        )

    key = Key.parse("id S")
    declared, held = (Table(name="Users", key=key, global_indexes=side()) for _ in range(2))
    return Pair(TableSet((declared,)), (held,), "crowded")
