"""Every declared fact of the model, changed one at a time, on every engine that can show it.

A change is found and named, or the fact is not comparable on that engine, with the reason;
it is never the same by accident, and nothing else is ever named with it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.apply.setup import setup
from osem_tasks.aws.session import connect
from osem_tasks.aws.store import TableStore
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.naming import Naming
from osem_tasks.config.target import Target
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.facts import RECOVERY
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
from osem_tasks.schema.requests import create_request, document
from osem_tasks.schema.warm import WarmThroughput
from tests.integration.conftest import other_kinds, session_kind
from tests.properties.world import announce, comparison_of, run_of
from tests.support import fake_dynamodb as fakes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import Engine

UNITS, MORE = Throughput(2, 3), Throughput(4, 5)
WARM, COLDER = WarmThroughput(20_000, 5_000), WarmThroughput(20_000, 4_999)
KMS = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
OTHER_KMS = "arn:aws:kms:us-east-1:123456789012:key/5678efab"
# What an engine takes and drops, or has no call for.
HIDDEN = {
    "docker": {
        "tags",
        "encryption",
        "table_class",
        "max_throughput",
        "warm_throughput",
        "point_in_time_recovery",
        "recovery_period_in_days",
    },
    "ministack": {"warm_throughput", "recovery_period_in_days"},
    "moto": {"table_class", "max_throughput"},
    "fake": set(),
}
HIDDEN["java"] = HIDDEN["docker"]
# DynamoDB Local 1.25.1 refuses keys of several attributes, which AWS has since.
OLD = ("docker", "java")
SHELVES = ("session", *other_kinds(), "fake")


def _index(name: str, key: str, **facts: Any) -> Index:
    return Index(name, Key.parse(key), **facts)


ON_DEMAND = Table(
    name="OnDemand",
    key=Key.parse("pk S, sk S"),
    global_indexes=(
        _index("all", "a S, b N"),
        _index("keys", "b N", projection=Projection("KEYS_ONLY")),
        _index("some", "c S", projection=Projection("INCLUDE", ("x", "y"))),
        _index("capped", "a S", max_throughput=UNITS),
        _index("warm", "a S", warm_throughput=WARM),
    ),
    local_indexes=(
        _index("local-all", "pk S, a S"),
        _index("local-some", "pk S, b N", projection=Projection("INCLUDE", ("x", "y"))),
    ),
    max_throughput=UNITS,
    warm_throughput=WARM,
    tags=(("Application", "osem"), ("Environment", "test")),
    ttl=TimeToLive("expiresAt"),
    stream=Stream("NEW_IMAGE"),
    deletion_protection=True,
    point_in_time_recovery=True,
    recovery_period_in_days=7,
    encryption=Encryption("KMS", KMS),
    table_class="STANDARD_INFREQUENT_ACCESS",
)
PROVISIONED = Table(
    name="Provisioned",
    key=Key.parse("pk N"),
    global_indexes=(_index("one", "a S", throughput=UNITS),),
    billing="PROVISIONED",
    throughput=UNITS,
    tags=(),
    ttl=TimeToLive(None),
    stream=Stream(None),
    deletion_protection=False,
    point_in_time_recovery=False,
    encryption=Encryption("AWS_OWNED"),
    table_class="STANDARD",
)
DECLARED = TableSet((ON_DEMAND, PROVISIONED))


def _retyped(table: Table, name: str, kind: str) -> Table:
    """``table`` with another type of the attribute wherever a key names it."""

    def key(old: Key) -> Key:
        parts = (
            tuple(Attribute(a.name, kind if a.name == name else a.type) for a in part)
            for part in (old.partition, old.sort)
        )
        return Key(*parts)

    return replace(
        table,
        key=key(table.key),
        global_indexes=tuple(replace(each, key=key(each.key)) for each in table.global_indexes),
        local_indexes=tuple(replace(each, key=key(each.key)) for each in table.local_indexes),
    )


def _with(table: Table, name: str, **facts: Any) -> Table:
    """``table`` with other facts of the index of that name, which may be a local one."""

    def changed(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(replace(each, **facts) if each.name == name else each for each in indexes)

    indexes, local = changed(table.global_indexes), changed(table.local_indexes)
    return replace(table, global_indexes=indexes, local_indexes=local)


def _without(table: Table, name: str) -> Table:
    def left(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(each for each in indexes if each.name != name)

    return replace(
        table, global_indexes=left(table.global_indexes), local_indexes=left(table.local_indexes)
    )


@dataclass(frozen=True)
class Mutation:
    """One fact of a declared table changed; ``paths`` are the facts that must be named."""

    name: str
    declared: Table
    held: Table | None
    issue: IssueType
    paths: frozenset[str]
    not_on: tuple[str, ...] = ()


def _mutation(
    name: str, held: Table | None, issue: IssueType, *paths: str, of: Table = ON_DEMAND
) -> Mutation:
    return Mutation(name, of, held, issue, frozenset(paths))


def _of_settings() -> Iterator[Mutation]:
    rows: list[tuple[str, IssueType, tuple[Any, ...]]] = [
        (
            "tags",
            IssueType.WRONG_TAGS,
            (
                (),
                (("Application", "osem"),),
                (("Application", "other"), ("Environment", "test")),
                (("application", "osem"), ("Environment", "test")),
            ),
        ),
        ("ttl", IssueType.WRONG_TTL, (TimeToLive(None), TimeToLive("endsAt"))),
        (
            "stream",
            IssueType.WRONG_STREAM,
            (
                Stream(None),
                Stream("OLD_IMAGE"),
                Stream("KEYS_ONLY"),
                Stream("NEW_AND_OLD_IMAGES"),
            ),
        ),
        ("deletion_protection", IssueType.WRONG_DELETION_PROTECTION, (False,)),
        ("point_in_time_recovery", IssueType.WRONG_PITR, (False,)),
        (
            "encryption",
            IssueType.WRONG_ENCRYPTION,
            (Encryption("AWS_OWNED"), Encryption("KMS", OTHER_KMS)),
        ),
        ("table_class", IssueType.WRONG_TABLE_CLASS, ("STANDARD", None)),
        ("max_throughput", IssueType.WRONG_BILLING_MODE, (MORE, None, Throughput(2, -1))),
        ("warm_throughput", IssueType.WRONG_WARM_THROUGHPUT, (COLDER, None)),
        ("recovery_period_in_days", IssueType.WRONG_PITR, (6, 35, None)),
    ]
    for path, issue, values in rows:
        for number, value in enumerate(values):
            facts: dict[str, Any] = {path: value}
            if path == "point_in_time_recovery":
                facts["recovery_period_in_days"] = None
            yield _mutation(f"{path}-{number}", replace(ON_DEMAND, **facts), issue, path)


def _of_provisioned() -> Iterator[Mutation]:
    rows: list[tuple[str, IssueType, dict[str, Any]]] = [
        ("ttl", IssueType.WRONG_TTL, {"ttl": TimeToLive("expiresAt")}),
        ("stream", IssueType.WRONG_STREAM, {"stream": Stream("NEW_IMAGE")}),
        ("deletion_protection", IssueType.WRONG_DELETION_PROTECTION, {"deletion_protection": True}),
        ("point_in_time_recovery", IssueType.WRONG_PITR, {"point_in_time_recovery": True}),
        ("encryption", IssueType.WRONG_ENCRYPTION, {"encryption": Encryption("KMS")}),
        (
            "table_class",
            IssueType.WRONG_TABLE_CLASS,
            {"table_class": "STANDARD_INFREQUENT_ACCESS"},
        ),
        ("throughput", IssueType.WRONG_BILLING_MODE, {"throughput": MORE}),
        (
            "billing",
            IssueType.WRONG_BILLING_MODE,
            {
                "billing": "PAY_PER_REQUEST",
                "throughput": None,
                "global_indexes": (_index("one", "a S"),),
            },
        ),
    ]
    for path, issue, facts in rows:
        held = replace(PROVISIONED, **facts)
        yield _mutation(f"provisioned-{path}", held, issue, path, of=PROVISIONED)
    for number, units in enumerate((MORE, Throughput(2, 4), Throughput(1, 3))):
        yield _mutation(
            f"index-throughput-{number}",
            _with(PROVISIONED, "one", throughput=units),
            IssueType.WRONG_BILLING_MODE,
            "index[one].throughput",
            of=PROVISIONED,
        )


def _of_keys() -> Iterator[Mutation]:
    stranger = (Attribute("stranger", "S"),)
    yield _mutation("missing", None, IssueType.TABLE_NOT_FOUND, "table")
    # Of the table without local indexes, which have the partition key of their table.
    plain: list[tuple[str, Table, IssueType, str]] = [
        (
            "partition-key",
            replace(PROVISIONED, key=Key((Attribute("other", "N"),))),
            IssueType.WRONG_PARTITION_KEY,
            "key.partition",
        ),
        (
            "sort-key-added",
            replace(PROVISIONED, key=Key(PROVISIONED.key.partition, stranger)),
            IssueType.WRONG_SORT_KEY,
            "key.sort",
        ),
        *(
            (
                f"partition-key-{kind}",
                _retyped(PROVISIONED, "pk", kind),
                IssueType.WRONG_KEY_TYPE,
                "key.partition",
            )
            for kind in "SB"
        ),
    ]
    for name, held, issue, path in plain:
        yield _mutation(name, held, issue, path, of=PROVISIONED)
    yield _mutation(
        "sort-key",
        replace(ON_DEMAND, key=Key(ON_DEMAND.key.partition, stranger)),
        IssueType.WRONG_SORT_KEY,
        "key.sort",
    )
    for kind in "NB":
        yield _mutation(
            f"sort-key-{kind}",
            _retyped(ON_DEMAND, "sk", kind),
            IssueType.WRONG_KEY_TYPE,
            "key.sort",
        )
    yield _mutation(
        "partition-type-of-all",
        _retyped(ON_DEMAND, "pk", "N"),
        IssueType.WRONG_KEY_TYPE,
        "key.partition",
        "local_index[local-all].key",
        "local_index[local-some].key",
    )


def _of_indexes() -> Iterator[Mutation]:
    for each in ON_DEMAND.global_indexes:
        path = f"index[{each.name}]"
        yield _mutation(
            f"{each.name}-missing", _without(ON_DEMAND, each.name), IssueType.MISSING_GSI, path
        )
        for number, key in enumerate(("stranger S", "sk S, pk S")):
            held = _with(ON_DEMAND, each.name, key=Key.parse(key))
            yield _mutation(
                f"{each.name}-key-{number}", held, IssueType.WRONG_GSI_KEYS, f"{path}.key"
            )
        for number, projection in enumerate(
            (
                Projection(),
                Projection("KEYS_ONLY"),
                Projection("INCLUDE", ("x",)),
                Projection("INCLUDE", ("x", "y", "z")),
                Projection("INCLUDE", ("x", "z")),
            )
        ):
            if projection != each.projection:
                held = _with(ON_DEMAND, each.name, projection=projection)
                yield _mutation(
                    f"{each.name}-projection-{number}",
                    held,
                    IssueType.WRONG_GSI_PROJECTION,
                    f"{path}.projection",
                )
    held = _with(ON_DEMAND, "all", key=Key.parse("b N, a S"))
    yield _mutation("all-turned", held, IssueType.WRONG_GSI_KEYS, "index[all].key")
    held = _retyped(ON_DEMAND, "c", "N")
    yield _mutation("some-retyped", held, IssueType.WRONG_KEY_TYPE, "index[some].key")
    held = replace(ON_DEMAND, global_indexes=(*ON_DEMAND.global_indexes, _index("extra", "a S")))
    yield _mutation("extra", held, IssueType.EXTRA_GSI, "index[extra]")
    for number, units in enumerate((MORE, None)):
        held = _with(ON_DEMAND, "capped", max_throughput=units)
        path = "index[capped].max_throughput"
        yield _mutation(f"capped-{number}", held, IssueType.WRONG_BILLING_MODE, path)
    for number, warm in enumerate((COLDER, None)):
        held = _with(ON_DEMAND, "warm", warm_throughput=warm)
        path = "index[warm].warm_throughput"
        yield _mutation(f"warm-{number}", held, IssueType.WRONG_WARM_THROUGHPUT, path)
    held = _with(ON_DEMAND, "all", key=Key.parse("a S + c S, b N"))
    several = _mutation("several", held, IssueType.WRONG_GSI_KEYS, "index[all].key")
    yield replace(several, not_on=OLD)


def _of_local_indexes() -> Iterator[Mutation]:
    for each in ON_DEMAND.local_indexes:
        path = f"local_index[{each.name}]"
        held = _without(ON_DEMAND, each.name)
        yield _mutation(f"{each.name}-missing", held, IssueType.MISSING_LSI, path)
        held = _with(ON_DEMAND, each.name, key=Key.parse("pk S, c S"))
        yield _mutation(f"{each.name}-key", held, IssueType.WRONG_LSI_KEYS, f"{path}.key")
        for number, projection in enumerate(
            (Projection("KEYS_ONLY"), Projection("INCLUDE", ("x",)))
        ):
            held = _with(ON_DEMAND, each.name, projection=projection)
            yield _mutation(
                f"{each.name}-projection-{number}",
                held,
                IssueType.WRONG_LSI_PROJECTION,
                f"{path}.projection",
            )
    extra = _index("local-extra", "pk S, c S")
    held = replace(ON_DEMAND, local_indexes=(*ON_DEMAND.local_indexes, extra))
    yield _mutation("local-extra", held, IssueType.EXTRA_LSI, "local_index[local-extra]")
    alone = replace(ON_DEMAND, global_indexes=())
    held = _retyped(alone, "b", "S")
    path = "local_index[local-some].key"
    yield _mutation("local-retyped", held, IssueType.WRONG_KEY_TYPE, path, of=alone)


MUTATIONS = [
    *_of_keys(),
    *_of_indexes(),
    *_of_local_indexes(),
    *_of_settings(),
    *_of_provisioned(),
]
CASES = [
    (shelf, each)
    for each in MUTATIONS
    for shelf in SHELVES
    if (session_kind() if shelf == "session" else shelf) not in each.not_on
]


@dataclass
class Shelf:
    """An engine to put tables on, by names of the test's own, and its store."""

    kind: str
    store: TableStore
    fake: fakes.FakeDynamoDB | None
    client: Any
    prefix: str = field(default_factory=lambda: f"f{uuid.uuid4().hex[:10]}-")

    def named(self, table: Table) -> Table:
        """``table`` under this test's name."""
        return replace(table, name=self.prefix + table.name)

    def hold(self, table: Table) -> None:
        """Create ``table`` with everything that the engine has a call for."""
        if self.fake is not None:
            self.fake.hold(table)
            return
        self.client.create_table(**create_request(table))
        if table.ttl and table.ttl.attribute:
            self.client.update_time_to_live(
                TableName=table.name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl.attribute},
            )
        if table.point_in_time_recovery and "point_in_time_recovery" not in HIDDEN[self.kind]:
            self.client.update_continuous_backups(
                TableName=table.name,
                PointInTimeRecoverySpecification=document(table)[RECOVERY],
            )

    def clear(self) -> None:
        """Delete what the test made."""
        names = [each for each in self.store.names() if each.startswith(self.prefix)]
        for name in names if self.fake is None else ():
            self.client.update_table(TableName=name, DeletionProtectionEnabled=False)
            self.client.delete_table(TableName=name)


def _open(engine: Engine) -> Shelf:
    target = Target(
        environment=BUILT_IN["local"],
        local=True,
        endpoint=engine.endpoint,
        source="--endpoint",
        region="us-east-1",
        naming=Naming(),
    )
    return Shelf(engine.kind, TableStore(connect(target, lambda _: None)), None, engine.client())


@pytest.fixture
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """The engine of the case."""
    kind = request.param
    if kind == "fake":
        fake = fakes.FakeDynamoDB()
        mine = Shelf(kind, fakes.store(fake), fake, None)
    else:
        mine = _open(request.getfixturevalue(f"{kind}_engine"))
    yield mine
    mine.clear()


TALLY: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _account(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say in the end how many changes were tried, and what became of them."""
    yield
    numbers = ", ".join(f"{name} {number}" for name, number in sorted(TALLY.items()))
    facts = len({path for each in MUTATIONS for path in each.paths})
    announce(
        request, f"mutations: {len(MUTATIONS)} on {facts} fact paths, {len(CASES)} cases: {numbers}"
    )


def _fact(path: str) -> str:
    """The fact of the model that a path is about."""
    return path.rpartition(".")[2]


@pytest.mark.parametrize(
    "shelf, mutation",
    [pytest.param(kind, each, id=f"{each.name}-{kind}") for kind, each in CASES],
    indirect=["shelf"],
)
def test_a_changed_fact_is_found_or_not_comparable(shelf: Shelf, mutation: Mutation) -> None:
    """Exactly the changed fact is named by its issue type, or it is not comparable and why."""
    declared = shelf.named(mutation.declared)
    if mutation.held is not None:
        shelf.hold(shelf.named(mutation.held))

    (diff,) = comparison_of(shelf.store, TableSet((declared,))).diffs

    found = {(each.path, each.issue_type) for each in diff.issues}
    unknown = {each.path: each.reason for each in diff.not_comparable}
    hidden = {path for path in mutation.paths if _fact(path) in HIDDEN[shelf.kind]}
    expected = {(path, mutation.issue) for path in mutation.paths - hidden}
    TALLY[f"{shelf.kind} tried"] += 1
    TALLY[f"{shelf.kind} found"] += bool(expected) and expected <= found
    TALLY[f"{shelf.kind} not comparable"] += bool(hidden) and hidden <= unknown.keys()
    TALLY[f"{shelf.kind} false alarms"] += len(found - expected)
    TALLY[f"{shelf.kind} missed"] += len(expected - found)
    assert found == expected
    assert hidden <= unknown.keys()
    assert all(unknown.values())


@pytest.mark.parametrize("shelf", SHELVES, indirect=True)
def test_a_fresh_setup_of_every_fact_verifies_clean(shelf: Shelf) -> None:
    """Set up by the suite, every declared fact is the same or not comparable, and none differs."""
    tables = TableSet(tuple(shelf.named(each) for each in DECLARED))
    run, _ = run_of(shelf.store, tables, seconds=60)

    setup(run)

    diffs = comparison_of(shelf.store, tables).diffs
    TALLY[f"{shelf.kind} fresh setups"] += 1
    TALLY[f"{shelf.kind} false alarms"] += sum(len(each.issues) for each in diffs)
    hidden = {_fact(fact.path) for diff in diffs for fact in diff.not_comparable}
    assert [issue for diff in diffs for issue in diff.issues] == []
    assert hidden == HIDDEN[shelf.kind]
    assert len([fact for diff in diffs for fact in diff.same]) > 20


def test_the_matrix_covers_every_fact() -> None:
    """Every field of the model's table and index is changed by some mutation."""
    paths = {_fact(path) for each in MUTATIONS for path in each.paths}
    named = {each.name for each in fields(Table)} - {
        "name",
        "check",
        "ignored",
        "unmanaged",
        "notes",
        "global_indexes",
        "local_indexes",
    }

    assert named - {"key"} <= paths
    assert {"partition", "sort", "key", "projection"} <= paths
    # What only an engine can be in, no declaration can make: a table or index not ACTIVE.
    states = {IssueType.TABLE_NOT_ACTIVE, IssueType.GSI_NOT_ACTIVE}
    assert {each.issue for each in MUTATIONS} == {*IssueType} - states


def test_a_table_under_way_is_named() -> None:
    """A table and an index that are not ACTIVE are named, on the engine that has them."""
    fake = fakes.FakeDynamoDB(delay=3)
    fake.hold(PROVISIONED)
    fake.update_table(
        TableName=PROVISIONED.name,
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "one"}}],
    )

    (diff,) = comparison_of(fakes.store(fake), TableSet((PROVISIONED,))).diffs

    TALLY["fake tried"] += 2
    TALLY["fake found"] += len(diff.issues)
    assert {(each.path, each.issue_type) for each in diff.issues} == {
        ("status", IssueType.TABLE_NOT_ACTIVE),
        ("index[one].status", IssueType.GSI_NOT_ACTIVE),
    }
