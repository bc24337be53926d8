"""Every rule of DynamoDB for a table, as a sentence about what breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.errors import ErrorCode, ModelError
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
from osem_tasks.schema.warm import WarmThroughput

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
            "a-index", Key(*(tuple(Attribute(n, "S") for n in numbered(*part)) for part in parts))
        ),
    )


TABLE_RULE = "must be 1 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'"
NAME_RULE = "must be 3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'"

BROKEN = [
    *(
        pytest.param({"name": name}, f"table name {name!r} {TABLE_RULE}", id=f"table-name-{case}")
        for case, name in {
            "empty": "",
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
        "index name 'a-index' appears 2 times",
        id="same-index-name-twice",
    ),
    pytest.param(
        {**local(index("planId S, at N")), "global_indexes": (index(),)},
        "index name 'a-index' appears 2 times",
        id="same-name-local-and-global",
    ),
    pytest.param(
        {"global_indexes": (Index("a-index", Key(())),)},
        "index 'a-index' needs 1 to 4 attributes in its partition part, not 0",
        id="index-without-key",
    ),
    pytest.param(
        {"global_indexes": wide(5, 0)},
        "index 'a-index' needs 1 to 4 attributes in its partition part, not 5",
        id="index-partition-of-5",
    ),
    pytest.param(
        {"global_indexes": wide(1, 5)},
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
        "index 'a-index': included attribute name 'a' appears 2 times",
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
            ("warm", index("planId S, at N", warm_throughput=WarmThroughput(20_000, 5_000))),
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
    *(
        pytest.param(facts, problem, id=f"warm-{case}")
        for case, facts, problem in (
            (
                "nothing",
                {"warm_throughput": WarmThroughput()},
                "the table has a warm throughput of neither reads nor writes",
            ),
            (
                "reads-of-on-demand",
                {"warm_throughput": WarmThroughput(11_999, 4_000)},
                (
                    "the table needs a warm throughput of at least 12000 read units per second with "
                    "PAY_PER_REQUEST billing, not 11999"
                ),
            ),
            (
                "writes-of-an-index",
                {"global_indexes": (index(warm_throughput=WarmThroughput(write=3_999)),)},
                (
                    "index 'a-index' needs a warm throughput of at least 4000 write units per second "
                    "with PAY_PER_REQUEST billing, not 3999"
                ),
            ),
            (
                "below-the-units",
                {
                    "billing": "PROVISIONED",
                    "throughput": Throughput(9, 9),
                    "warm_throughput": WarmThroughput(8, 9),
                },
                (
                    "the table needs a warm throughput of at least 9 read units per second with "
                    "PROVISIONED billing, not 8"
                ),
            ),
        )
    ),
    *(
        pytest.param(
            {"point_in_time_recovery": True, "recovery_period_in_days": days},
            f"the recovery period must be 1 to 35 days, not {days}",
            id=f"recovery-period-{days}",
        )
        for days in (0, 36, -7)
    ),
    *(
        pytest.param(
            {"point_in_time_recovery": on, "recovery_period_in_days": 7},
            f"it has a recovery period of 7 days, but point-in-time recovery is {words}",
            id=f"recovery-period-but-{words.replace(' ', '-')}",
        )
        for on, words in ((False, "off"), (None, "not declared"))
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
        {"tags": (("a", "1"), ("a", "2"))}, "tag name 'a' appears 2 times", id="same-tag-twice"
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
    pytest.param({"name": "a"}, id="table-name-of-1"),
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
    pytest.param({"global_indexes": wide(4, 4)}, id="index-key-of-4-and-4"),
    pytest.param({"global_indexes": (index("planId S"),)}, id="index-on-the-tables-own-key"),
    pytest.param(including(*numbered(20)), id="20-included"),
    pytest.param({"global_indexes": (index(projection=Projection("KEYS_ONLY")),)}, id="keys-only"),
    pytest.param({"billing": "PROVISIONED", "throughput": UNITS}, id="throughput-of-1"),
    pytest.param({"max_throughput": Throughput(-1, 1)}, id="maximum-of-one-kind"),
    pytest.param({"warm_throughput": WarmThroughput(12_000, 4_000)}, id="warm-as-on-demand"),
    pytest.param({"warm_throughput": WarmThroughput(write=4_001)}, id="warm-writes-alone"),
    pytest.param(
        {
            "billing": "PROVISIONED",
            "throughput": UNITS,
            "warm_throughput": WarmThroughput(UNITS.read, UNITS.write),
        },
        id="warm-as-provisioned",
    ),
    *(
        pytest.param(
            {"point_in_time_recovery": True, "recovery_period_in_days": days},
            id=f"recovery-period-of-{days}",
        )
        for days in (1, 35)
    ),
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
            "global_indexes": tuple(
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
                "name": "x y",
                "key": Key.parse("a BOOL"),
                "global_indexes": (index(name="i"),),
                "billing": "PROVISIONED",
                "throughput": UNITS,
                "tags": (("aws:x", ""),),
            }
        )

    assert (
        f"table 'x y': table name 'x y' {TABLE_RULE}",
        f"table 'x y': index name 'i' {NAME_RULE}",
        "table 'x y': attribute 'a' has type 'BOOL', a key is of type S, N or B",
        "table 'x y': index 'i' needs a throughput, because billing is PROVISIONED",
        "table 'x y': tag 'aws:x' may not begin with 'aws:'",
    ) == caught.value.problems
    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code


def test_what_an_engine_reports_is_not_checked() -> None:
    """``check=False`` takes what DynamoDB would refuse, because emulators hold such tables."""
    assert Key.parse("pk BOOL") == declare({"key": Key.parse("pk BOOL"), "check": False}).key
