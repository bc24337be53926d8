"""The heart of the product: change one declared fact, and verify names exactly that.

For every table of the model and every fact that it declares, on a real engine: the one
change makes ``db.verify`` exit 1 and name that table and that issue type; no change
gives no issue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.declarations.osem import TABLES
from osem_tasks.schema import emulators
from osem_tasks.schema.difference import IssueType
from osem_tasks.schema.model import Attribute, Encryption, Index, Key, Projection, Table, Throughput
from osem_tasks.schema.requests import create_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

STRANGER = Attribute("stranger", "S")


@dataclass(frozen=True)
class Mutation:
    """One change of one table. ``make`` gives the table as it is found, None for no table.

    ``hidden_on`` names the engines that cannot show it.
    """

    name: str
    table: str
    issue: IssueType
    make: Callable[[Table], Table | None]
    hidden_on: tuple[emulators.Engine, ...] = ()


def _flip(attribute: Attribute) -> Attribute:
    return replace(attribute, type="N" if attribute.type == "S" else "S")


def _retype(table: Table, name: str) -> Table:
    """Give the attribute another type wherever a key names it: an engine has one for all."""

    def part(old: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
        return tuple(_flip(each) if each.name == name else each for each in old)

    def key(old: Key) -> Key:
        return Key(part(old.partition), part(old.sort))

    indexes = tuple(replace(each, key=key(each.key)) for each in table.global_indexes)
    return replace(table, key=key(table.key), global_indexes=indexes)


def _change_index(table: Table, name: str, **facts: object) -> Table:
    return replace(
        table,
        global_indexes=tuple(
            replace(each, **facts) if each.name == name else each  # type: ignore[arg-type]
            for each in table.global_indexes
        ),
    )


def _provisioned(table: Table) -> Table:
    units = Throughput(5, 5)
    indexes = tuple(replace(each, throughput=units) for each in table.global_indexes)
    return replace(table, billing="PROVISIONED", throughput=units, global_indexes=indexes)


def _table_mutations(table: Table) -> Iterator[Mutation]:
    extra = Index("stranger-index", Key((STRANGER,)))
    other = Attribute("other", table.key.partition[0].type)
    rows: list[
        tuple[str, IssueType, Callable[[Table], Table | None], tuple[emulators.Engine, ...]]
    ] = [
        ("missing", IssueType.TABLE_NOT_FOUND, lambda _: None, ()),
        (
            "partition-key-name",
            IssueType.WRONG_PARTITION_KEY,
            lambda t: replace(t, key=Key((other,))),
            (),
        ),
        (
            "partition-key-type",
            IssueType.WRONG_KEY_TYPE,
            lambda t: _retype(t, t.key.partition[0].name),
            (),
        ),
        (
            "sort-key-added",
            IssueType.WRONG_SORT_KEY,
            lambda t: replace(t, key=Key(t.key.partition, (STRANGER,))),
            (),
        ),
        (
            "extra-index",
            IssueType.EXTRA_GSI,
            lambda t: replace(t, global_indexes=(*t.global_indexes, extra)),
            (),
        ),
        ("billing-mode", IssueType.WRONG_BILLING_MODE, _provisioned, ()),
        (
            "tag-value",
            IssueType.WRONG_TAGS,
            lambda t: _tagged(t, "other"),
            (emulators.DYNAMODB_LOCAL,),
        ),
        (
            "tag-missing",
            IssueType.WRONG_TAGS,
            lambda t: replace(t, tags=()),
            (emulators.DYNAMODB_LOCAL,),
        ),
        (
            "encryption",
            IssueType.WRONG_ENCRYPTION,
            lambda t: replace(t, encryption=Encryption("KMS")),
            (emulators.DYNAMODB_LOCAL,),
        ),
    ]
    for name, issue, make, hidden in rows:
        yield Mutation(name, table.name, issue, make, hidden)


def _tagged(table: Table, value: str) -> Table:
    tags = dict(table.tags or ())
    return replace(table, tags=tuple({**tags, "Environment": value}.items()))


def _index_mutations(table: Table, index: Index) -> Iterator[Mutation]:
    def row(what: str, issue: IssueType, make: Callable[[Table], Table | None]) -> Mutation:
        return Mutation(f"{index.name}-{what}", table.name, issue, make)

    yield row(
        "missing",
        IssueType.MISSING_GSI,
        lambda t: replace(
            t, global_indexes=tuple(e for e in t.global_indexes if e.name != index.name)
        ),
    )
    yield row(
        "partition-key-name",
        IssueType.WRONG_GSI_KEYS,
        lambda t: _change_index(t, index.name, key=replace(index.key, partition=(STRANGER,))),
    )
    yield row(
        "sort-key",
        IssueType.WRONG_GSI_KEYS,
        lambda t: _change_index(
            t, index.name, key=Key(index.key.partition, () if index.key.sort else (STRANGER,))
        ),
    )
    for attribute in index.key.attributes:
        yield row(
            f"type-of-{attribute.name}",
            IssueType.WRONG_KEY_TYPE,
            lambda t, name=attribute.name: _retype(t, name),  # type: ignore[misc]
        )
    for projection in (Projection("KEYS_ONLY"), Projection("INCLUDE", ("createdBy",))):
        yield row(
            f"projection-{projection.kind}",
            IssueType.WRONG_GSI_PROJECTION,
            lambda t, p=projection: _change_index(t, index.name, projection=p),  # type: ignore[misc]
        )


MUTATIONS = [
    mutation
    for table in TABLES
    for mutation in (
        *_table_mutations(table),
        *(each for index in table.global_indexes for each in _index_mutations(table, index)),
    )
]


def _build(engine: Engine, prefix: str, mutation: Mutation | None) -> None:
    """Create all declared tables, the mutated one as the mutation makes it."""
    client = engine.client()
    for table in TABLES.for_environment(prefix, tags=BUILT_IN["local"].all_tags):
        mine = mutation and table.name == prefix + mutation.table
        found = mutation.make(table) if mutation and mine else table
        if found is not None:
            client.create_table(**create_request(found))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.table}-{m.name}")
def test_one_changed_fact_is_found_and_named(
    mutation: Mutation, engine: Engine, inv: Inv, prefix: str
) -> None:
    """One changed fact: exit code 1, exactly that table, exactly that issue type."""
    _build(engine, prefix, mutation)

    run = inv("db.verify", "--json")

    issues = {
        (check["tableName"], issue["type"])
        for check in run.document["data"]["checks"]
        for issue in check["issues"]
    }
    if engine.row in mutation.hidden_on:
        fact = mutation.name.partition("-")[0].replace("tag", "tags")
        hidden = {
            each["path"]
            for check in run.document["data"]["checks"]
            for each in check["notComparable"]
        }
        assert (run.code, issues, fact in hidden) == (0, set(), True)
    else:
        assert (run.code, issues) == (1, {(prefix + mutation.table, mutation.issue.value)})


def test_no_change_gives_no_issue(engine: Engine, inv: Inv, prefix: str) -> None:
    """The tables as declared verify clean on every engine."""
    _build(engine, prefix, None)

    run = inv("db.verify", "--json")

    summary = {"totalTables": 6, "tablesFound": 6, "tablesMissing": 0, "tablesWithIssues": 0}
    assert (run.code, run.document["data"]["summary"]) == (0, summary)


def test_an_extra_local_index_is_named(engine: Engine, inv: Inv, prefix: str) -> None:
    """A local index cannot come without a sort key: both facts are named."""
    local = Index("stranger-local", Key((Attribute("userId", "S"),), (Attribute("other", "S"),)))

    def with_local(table: Table) -> Table:
        key = Key(table.key.partition, (STRANGER,))
        return replace(table, key=key, local_indexes=(local,))

    _build(engine, prefix, Mutation("lsi", "Users", IssueType.EXTRA_LSI, with_local))

    run = inv("db.verify", "--json")

    found = {issue["type"] for check in run.document["data"]["checks"] for issue in check["issues"]}
    assert (run.code, found) == (1, {"WRONG_SORT_KEY", "EXTRA_LSI"})


def test_the_matrix_covers_every_index_and_table() -> None:
    """No table and no index of the model is left out of the matrix."""
    names = {(mutation.table, mutation.name) for mutation in MUTATIONS}

    expected = {(t.name, f"{i.name}-missing") for t in TABLES for i in t.global_indexes}
    expected |= {(t.name, "missing") for t in TABLES}

    assert expected <= names
