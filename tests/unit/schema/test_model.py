"""Tables as values: one normal form, every rule of DynamoDB, the data sheet of the contract."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import ErrorCode, ModelError
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
    table,
)
from tests.support.strategies import reordered, table_sets, tables

SORTED = Key.parse("planId S, teamId S")
UNITS = Throughput(1, 1)


def declare(facts: dict[str, Any]) -> Table:
    """A sound table but for ``facts``."""
    return Table(**{"name": "Plans", "key": Key.parse("planId S"), **facts})


def index(key: str = "teamId S", name: str = "a-index", **facts: Any) -> Index:
    """A sound index but for ``facts``."""
    return Index(name, Key.parse(key), **facts)


def several(count: int, key: str = "teamId S") -> tuple[Index, ...]:
    """``count`` indexes of different names."""
    return tuple(index(key, f"i{n:02}-index") for n in range(count))


def including(*names: str) -> dict[str, Any]:
    """A table whose one index includes these attributes."""
    return {"global_indexes": (index(projection=Projection("INCLUDE", names)),)}


def numbered(count: int, prefix: str = "a") -> tuple[str, ...]:
    """``count`` different attribute names."""
    return tuple(f"{prefix}{n}" for n in range(count))


def local(*indexes: Index) -> dict[str, Any]:
    """A table with a sort key and these local indexes."""
    return {"key": SORTED, "local_indexes": indexes}


def wide(partition: int, sort: int) -> tuple[Index, ...]:
    """One global index with so many attributes in the parts of its key."""
    parts = (partition, "p"), (sort, "s")
    return (
        Index(
            "a-index", Key(*(tuple(Attribute(n, "S") for n in numbered(*each)) for each in parts))
        ),
    )


NAME_RULE = "must be 3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'"

BROKEN = [
    *(
        pytest.param({"name": name}, f"table name {name!r} {NAME_RULE}", id=f"table-name-{case}")
        for case, name in {
            "empty": "",
            "of-2": "ab",
            "of-256": "a" * 256,
            "with-blank": "my plans",
            "with-umlaut": "Pläne",
            "with-line-break": "Plans\n",
        }.items()
    ),
    *(
        pytest.param(
            {"global_indexes": (index(name=name),)},
            f"index name {name!r} {NAME_RULE}",
            id=f"index-{case}",
        )
        for case, name in {"name-of-2": "ab", "name-of-256": "a" * 256, "name-slash": "a/b"}.items()
    ),
    pytest.param(
        {"key": Key(())}, "its key needs one attribute in its partition part, not 0", id="no-key"
    ),
    pytest.param(
        {"key": Key.parse("a S + b S")},
        "its key needs one attribute in its partition part, not 2",
        id="two-partition-attributes",
    ),
    pytest.param(
        {"key": Key.parse("a S, b S + c S")},
        "its key allows one attribute in its sort part, not 2",
        id="two-sort-attributes",
    ),
    pytest.param(
        {"key": Key.parse("a S, a S")}, "its key names attribute 'a' 2 times", id="same-key-twice"
    ),
    pytest.param(
        {"key": Key((Attribute("", "S"),))},
        "attribute name '' must be 1 to 255 bytes",
        id="attribute-without-name",
    ),
    pytest.param(
        {"key": Key((Attribute("é" * 128, "S"),))},
        f"attribute name {'é' * 128!r} must be 1 to 255 bytes",
        id="attribute-name-of-256-bytes",
    ),
    pytest.param(
        {"key": Key.parse("isActive BOOL")},
        "attribute 'isActive' has type 'BOOL', a key is of type S, N or B",
        id="key-of-type-bool",
    ),
    pytest.param(
        {"global_indexes": (index("planId N"),)},
        "attribute 'planId' is defined with more than one type: N, S",
        id="two-types-of-one-attribute",
    ),
    pytest.param(
        {"global_indexes": several(21)},
        "21 global indexes, at most 20 are allowed",
        id="21-indexes",
    ),
    pytest.param(
        local(*several(6, "planId S, at N")),
        "6 local indexes, at most 5 are allowed",
        id="6-local-indexes",
    ),
    pytest.param(
        {"global_indexes": (index(), index("status S"))},
        "index name 'a-index' stands 2 times",
        id="same-index-name-twice",
    ),
    pytest.param(
        {**local(index("planId S, at N")), "global_indexes": (index(),)},
        "index name 'a-index' stands 2 times",
        id="same-name-local-and-global",
    ),
    pytest.param(
        {"global_indexes": (Index("a-index", Key(())),)},
        "index 'a-index' needs 1 to 4 attributes in its partition part, not 0",
        id="index-without-key",
    ),
    pytest.param(
        {"indexes": wide(5, 0)},
        "index 'a-index' needs 1 to 4 attributes in its partition part, not 5",
        id="index-partition-of-5",
    ),
    pytest.param(
        {"indexes": wide(1, 5)},
        "index 'a-index' allows 1 to 4 attributes in its sort part, not 5",
        id="index-sort-of-5",
    ),
    pytest.param(
        {"global_indexes": (index("teamId S, teamId S"),)},
        "index 'a-index' names attribute 'teamId' 2 times",
        id="index-names-attribute-twice",
    ),
    pytest.param(
        {"global_indexes": (index(projection=Projection("SOME")),)},
        "index 'a-index' has projection 'SOME', it must be one of ALL, KEYS_ONLY, INCLUDE",
        id="unknown-projection",
    ),
    pytest.param(
        including(),
        "index 'a-index' has projection INCLUDE but names no attribute",
        id="include-nothing",
    ),
    pytest.param(
        {"global_indexes": (index(projection=Projection("ALL", ("a",))),)},
        "index 'a-index' names attributes to include, but its projection is ALL",
        id="all-and-more",
    ),
    pytest.param(
        including("a", "a"),
        "index 'a-index': included attribute name 'a' stands 2 times",
        id="same-included-twice",
    ),
    pytest.param(
        {"local_indexes": (index("planId S, at N"),)},
        "local index 'a-index' needs a table with a sort key",
        id="local-index-on-hash-table",
    ),
    pytest.param(
        local(index("teamId S, at N")),
        "local index 'a-index' must have the table's own partition key",
        id="local-index-of-other-partition",
    ),
    pytest.param(
        local(index("planId S")), "local index 'a-index' needs a sort key", id="local-without-sort"
    ),
    pytest.param(
        local(index("planId S, a S + b S")),
        "local index 'a-index' allows one attribute in its sort part, not 2",
        id="local-sort-of-2",
    ),
    *(
        pytest.param(
            local(with_units),
            "local index 'a-index' has no throughput of its own",
            id=f"local-{case}",
        )
        for case, with_units in (
            ("throughput", index("planId S, at N", throughput=UNITS)),
            ("max-throughput", index("planId S, at N", max_throughput=UNITS)),
        )
    ),
    pytest.param(
        {"billing": "PROVISIONED"},
        "the table needs a throughput, because billing is PROVISIONED",
        id="provisioned-without-throughput",
    ),
    pytest.param(
        {"billing": "PROVISIONED", "throughput": UNITS, "global_indexes": (index(),)},
        "index 'a-index' needs a throughput, because billing is PROVISIONED",
        id="provisioned-index-without-throughput",
    ),
    pytest.param(
        {"billing": "PROVISIONED", "throughput": UNITS, "max_throughput": UNITS},
        "the table has a maximum throughput, which is for PAY_PER_REQUEST",
        id="provisioned-with-maximum",
    ),
    pytest.param(
        {"throughput": UNITS},
        "the table has a throughput, which is for PROVISIONED billing",
        id="on-demand-with-throughput",
    ),
    pytest.param(
        {"global_indexes": (index(throughput=UNITS),)},
        "index 'a-index' has a throughput, which is for PROVISIONED billing",
        id="on-demand-index-with-throughput",
    ),
    *(
        pytest.param(
            {"billing": "PROVISIONED", "throughput": units},
            "the table needs a throughput of at least 1 read and 1 write",
            id=f"throughput-{units.read}-{units.write}",
        )
        for units in (Throughput(0, 1), Throughput(1, 0))
    ),
    *(
        pytest.param(
            {"max_throughput": units},
            "the table needs a maximum throughput of at least 1, or -1 for none",
            id=f"maximum-{units.read}-{units.write}",
        )
        for units in (Throughput(0, 1), Throughput(1, -2))
    ),
    pytest.param(
        {"billing": "FREE"},
        "billing mode 'FREE' must be PAY_PER_REQUEST or PROVISIONED",
        id="unknown-billing",
    ),
    pytest.param(
        {"stream": Stream("EVERYTHING")},
        "stream view 'EVERYTHING' must be one of "
        "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES",
        id="unknown-stream-view",
    ),
    pytest.param(
        {"table_class": "GLACIER"},
        "table class 'GLACIER' must be one of STANDARD, STANDARD_INFREQUENT_ACCESS",
        id="unknown-table-class",
    ),
    pytest.param(
        {"ttl": TimeToLive("")}, "the time-to-live attribute has no name", id="ttl-without-name"
    ),
    pytest.param(
        {"encryption": Encryption("AWS_OWNED", "alias/mine")},
        "encryption with the AWS-owned key takes no KMS key",
        id="aws-owned-with-kms-key",
    ),
    pytest.param(
        {"tags": tuple((f"k{n}", "v") for n in range(51))},
        "51 tags, at most 50 are allowed",
        id="51-tags",
    ),
    pytest.param(
        {"tags": (("a", "1"), ("a", "2"))}, "tag name 'a' stands 2 times", id="same-tag-twice"
    ),
    *(
        pytest.param(
            {"tags": ((key, value),)},
            f"tag {key!r} must have a key of 1 to 128 and a value of at most 256 characters",
            id=f"tag-{case}",
        )
        for case, key, value in (
            ("without-key", "", "v"),
            ("key-of-129", "k" * 129, "v"),
            ("value-of-257", "k", "v" * 257),
        )
    ),
    *(
        pytest.param(
            {"tags": ((key, "v"),)}, f"tag {key!r} may not begin with 'aws:'", id=f"tag-{key}"
        )
        for key in ("aws:mine", "AWS:mine")
    ),
]

SOUND = [
    pytest.param({"name": "abc"}, id="table-name-of-3"),
    pytest.param({"name": "a" * 255}, id="table-name-of-255"),
    pytest.param({"name": "My_plans-2.0"}, id="table-name-of-every-kind"),
    pytest.param({"global_indexes": (index(name="abc"),)}, id="index-name-of-3"),
    pytest.param({"global_indexes": (index(name="a" * 255),)}, id="index-name-of-255"),
    pytest.param(
        {"key": Key((Attribute("é" * 127 + "e", "S"),))}, id="attribute-name-of-255-bytes"
    ),
    pytest.param({"key": Key.parse("a B, b N")}, id="binary-and-number-keys"),
    pytest.param({"global_indexes": several(20)}, id="20-indexes"),
    pytest.param(local(*several(5, "planId S, at N")), id="5-local-indexes"),
    pytest.param({"indexes": wide(4, 4)}, id="index-key-of-4-and-4"),
    pytest.param({"global_indexes": (index("planId S"),)}, id="index-on-the-tables-own-key"),
    pytest.param(including(*numbered(20)), id="20-included"),
    pytest.param({"global_indexes": (index(projection=Projection("KEYS_ONLY")),)}, id="keys-only"),
    pytest.param({"billing": "PROVISIONED", "throughput": UNITS}, id="throughput-of-1"),
    pytest.param({"max_throughput": Throughput(-1, 1)}, id="maximum-of-one-kind"),
    pytest.param({"global_indexes": (index(max_throughput=UNITS),)}, id="maximum-of-an-index"),
    pytest.param({"stream": Stream(None), "ttl": TimeToLive(None)}, id="declared-to-be-off"),
    pytest.param({"table_class": "STANDARD_INFREQUENT_ACCESS"}, id="infrequent-access"),
    pytest.param({"encryption": Encryption("KMS")}, id="managed-kms-key"),
    pytest.param({"tags": tuple((f"k{n:02}", "v") for n in range(50))}, id="50-tags"),
    pytest.param({"tags": (("e", ""), ("k" * 128, "v" * 256))}, id="longest-and-empty-tag"),
    pytest.param({"tags": ()}, id="declared-to-have-no-tags"),
]

# The limits of the service model (NonKeyAttributeNameList, NonKeyAttributeName,
# TimeToLiveAttributeName) and of its text: 100 included attributes over all indexes.
REFUSED_BY_AWS = [
    pytest.param(including(*numbered(101)), id="101-included-in-one-index"),
    pytest.param(including(*numbered(21)), id="21-included-in-one-index"),
    pytest.param(
        {
            "indexes": tuple(
                index(name=f"i{n}-index", projection=Projection("INCLUDE", numbered(17)))
                for n in range(6)
            )
        },
        id="102-included-in-six-indexes",
    ),
    pytest.param(including(""), id="included-without-name"),
    pytest.param(including("a" * 256), id="included-name-of-256"),
    pytest.param({"ttl": TimeToLive("a" * 256)}, id="ttl-name-of-256"),
    pytest.param({"encryption": Encryption("SECRET")}, id="unknown-encryption"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("facts, problem", BROKEN)
def test_every_broken_rule_is_one_sentence(facts: dict[str, Any], problem: str) -> None:
    """A declaration that breaks one rule raises exactly that sentence, with the table's name."""
    with pytest.raises(ModelError) as caught:
        declare(facts)

    name = facts.get("name", "Plans")
    assert (f"table {name!r}: {problem}",) == caught.value.problems


@pytest.mark.parametrize("facts", SOUND)
def test_the_limits_themselves_are_allowed(facts: dict[str, Any]) -> None:
    """A declaration on the very edge of a rule is sound, and keeps what it was given."""
    actual = declare(facts)

    assert facts == {name: getattr(actual, name) for name in facts}


@pytest.mark.parametrize("facts", REFUSED_BY_AWS)
def test_what_aws_refuses_is_refused_before(facts: dict[str, Any]) -> None:
    """A limit of DynamoDB's service model is a rule, before anything is sent."""
    with pytest.raises(ModelError):
        declare(facts)


def test_all_problems_are_reported_at_once() -> None:
    """One error lists every broken rule, in the order name, key, indexes, capacity, tags."""
    with pytest.raises(ModelError) as caught:
        declare(
            {
                "name": "x",
                "key": Key.parse("a BOOL"),
                "global_indexes": (index(name="i"),),
                "billing": "PROVISIONED",
                "throughput": UNITS,
                "tags": (("aws:x", ""),),
            }
        )

    assert (
        f"table 'x': table name 'x' {NAME_RULE}",
        f"table 'x': index name 'i' {NAME_RULE}",
        "table 'x': attribute 'a' has type 'BOOL', a key is of type S, N or B",
        "table 'x': index 'i' needs a throughput, because billing is PROVISIONED",
        "table 'x': tag 'aws:x' may not begin with 'aws:'",
    ) == caught.value.problems
    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code


def test_what_an_engine_reports_is_not_checked() -> None:
    """``check=False`` takes what DynamoDB would refuse, because emulators hold such tables."""
    assert Key.parse("pk BOOL") == declare({"key": Key.parse("pk BOOL"), "check": False}).key


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("planId S", Key((Attribute("planId", "S"),)), id="partition"),
        pytest.param(
            "planId S, at N", Key((Attribute("planId", "S"),), (Attribute("at", "N"),)), id="sort"
        ),
        pytest.param(
            "a S + b N, c B",
            Key((Attribute("a", "S"), Attribute("b", "N")), (Attribute("c", "B"),)),
            id="several",
        ),
    ],
)
def test_key_reads_as_it_is_written(text: str, expected: Key) -> None:
    """``Key.parse`` and ``str`` are each other's inverse."""
    assert (expected, text) == (Key.parse(text), str(expected))


@pytest.mark.parametrize("text", ["", "planId", "plan Id S", "a S,", "a S, b S, c S", "a S +", "+"])
def test_key_of_another_shape_is_an_error(text: str) -> None:
    """What is not ``name TYPE[, name TYPE]`` raises ModelError."""
    with pytest.raises(ModelError):
        Key.parse(text)


@pytest.mark.parametrize(
    "value, attribute",
    [
        pytest.param(Attribute("a", "S"), "type", id="Attribute"),
        pytest.param(SORTED, "sort", id="Key"),
        pytest.param(Projection(), "kind", id="Projection"),
        pytest.param(UNITS, "read", id="Throughput"),
        pytest.param(index(), "key", id="Index"),
        pytest.param(TimeToLive("a"), "attribute", id="TimeToLive"),
        pytest.param(Stream(None), "view", id="Stream"),
        pytest.param(Encryption(), "kind", id="Encryption"),
        pytest.param(declare({}), "billing", id="Table"),
        pytest.param(TABLES, "tables", id="TableSet"),
    ],
)
def test_values_cannot_be_changed(value: object, attribute: str) -> None:
    """Every class of the model is immutable and hashable."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, attribute, None)

    assert len({value, value}) == 1


@given(st.data(), tables())
def test_order_has_no_meaning(data: st.DataObject, declared: Table) -> None:
    """The order of indexes, tags and included attributes makes no difference."""
    other = data.draw(reordered(declared))

    assert (declared, hash(declared)) == (other, hash(other))


@given(tables())
def test_attributes_are_defined_once(declared: Table) -> None:
    """``attributes`` holds each key attribute of the table and its indexes once, by name."""
    keys = [
        declared.key,
        *(each.key for each in (*declared.global_indexes, *declared.local_indexes)),
    ]
    expected = {attribute.name for key in keys for attribute in key.attributes}

    assert sorted(expected) == [each.name for each in declared.attributes]


# Section 1 of the contract.
SHEET: dict[str, tuple[str, dict[str, str]]] = {
    "Users": ("userId S", {}),
    "Teams": ("teamId S", {"managerId-index": "managerId S"}),
    "AssessmentPlans": ("planId S", {"teamId-index": "teamId S", "status-index": "status S"}),
    "Assessments": (
        "assessmentId S",
        {
            "planId-teamMemberId-index": "planId S, teamMemberId S",
            "teamMemberId-index": "teamMemberId S",
        },
    ),
    "AssessmentReports": (
        "reportId S",
        {"planId-index": "planId S", "teamMemberId-index": "teamMemberId S"},
    ),
    "ConfigVersions": ("configId S", {"isActive-index": "isActive N, createdAt N"}),
}


@pytest.mark.parametrize("name", SHEET)
def test_osem_table_is_as_in_the_contract(name: str) -> None:
    """Keys, types, indexes, on-demand billing, the AWS-owned key, and nothing else declared."""
    key, indexes = SHEET[name]

    assert table(name, key, indexes, encryption=Encryption("AWS_OWNED")) == TABLES[name]
    assert {Projection("ALL")} >= {each.projection for each in TABLES[name].global_indexes}


def test_osem_has_six_tables_and_eight_indexes() -> None:
    """The set holds the contract's tables in its order, with eight indexes altogether."""
    assert tuple(SHEET) == TABLES.names
    assert (len(TABLES), sum(len(each.global_indexes) for each in TABLES)) == (6, 8)


@pytest.mark.parametrize("prefix", ["osem-dev-", "osem-prod-", "alice-", ""])
def test_osem_names_carry_the_prefix(prefix: str) -> None:
    """A table's name is the prefix and the entity."""
    assert (
        tuple(f"{prefix}{name}" for name in SHEET) == TABLES.for_environment(prefix, tags={}).names
    )


def test_table_names_are_unique() -> None:
    """A set with one name twice raises ModelError."""
    with pytest.raises(ModelError) as caught:
        TableSet((declare({}), declare({"key": SORTED})))

    assert caught.value.problems == ("table name 'Plans' stands 2 times",)


@given(table_sets())
def test_table_set_keeps_its_order(declared: TableSet) -> None:
    """Iteration, names, length and access by name agree, in the order of declaration."""
    assert declared.tables == tuple(declared) == tuple(declared[name] for name in declared.names)
    assert len(declared.tables) == len(declared)


@pytest.mark.parametrize(
    "own, environment, expected",
    [
        pytest.param({}, {"tags": {"A": "1"}}, {"tags": (("A", "1"),)}, id="tags-of-environment"),
        pytest.param(
            {"tags": (("A", "own"), ("B", "2"))},
            {"tags": {"A": "1", "C": "3"}},
            {"tags": (("A", "own"), ("B", "2"), ("C", "3"))},
            id="own-tag-wins",
        ),
        *(
            pytest.param(
                {} if mine is None else {fact: mine},
                {fact: theirs, "tags": {}},
                {fact: expected},
                id=f"{fact.replace('_', '-')}-{mine}-{theirs}",
            )
            for fact in ("deletion_protection", "point_in_time_recovery")
            for mine, theirs, expected in (
                (None, None, None),
                (None, True, True),
                (True, False, True),
                (False, True, False),
                (False, None, False),
            )
        ),
    ],
)
def test_own_declaration_wins_over_the_environments(
    own: dict[str, Any], environment: dict[str, Any], expected: dict[str, Any]
) -> None:
    """``placed`` adds the environment's facts where the table has none of its own."""
    actual = TableSet((declare(own),)).for_environment("p-", **environment)["p-Plans"]

    assert expected == {name: getattr(actual, name) for name in expected}


@given(table_sets())
def test_placing_changes_nothing_else(declared: TableSet) -> None:
    """Without tags and protection, a placed table differs from its declaration by name only."""
    placed = declared.for_environment("p-", tags={})

    assert [
        replace(each, name=f"p-{each.name}", tags=each.tags or ()) for each in declared
    ] == list(placed)


@pytest.mark.parametrize("prefix", ["bad prefix ", "p" * 255], ids=["with-blank", "too-long"])
def test_prefix_that_spoils_the_name_is_an_error(prefix: str) -> None:
    """A prefix that makes a table's name unsound raises ModelError."""
    with pytest.raises(ModelError):
        TABLES.for_environment(prefix, tags={})
