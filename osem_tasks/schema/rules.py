"""DynamoDB's rules for tables, and the messages for tables that break them.

The limits come from the CreateTable reference of the DynamoDB API (names, types,
projections, 20 global and 5 local indexes, up to four attributes per part of a global
index's key) and its tag restrictions. moto does not enforce most of them, and DynamoDB
Local's messages are unclear, so the suite checks them before it sends a request.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from osem_tasks.schema import warm
from osem_tasks.schema.ignored import ignored_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osem_tasks.schema.model import Index, Key, Table

NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
# A prefix or a suffix makes the real name of a table long enough.
DECLARED_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,255}")
_SIGNS = "characters of a-z, A-Z, 0-9, '_', '-' and '.'"
KEY_TYPES = ("S", "N", "B")
PROJECTIONS = ("ALL", "KEYS_ONLY", "INCLUDE")
STREAM_VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
TABLE_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")
MAX_GLOBAL_INDEXES = 20
MAX_LOCAL_INDEXES = 5
MAX_INDEX_KEY_PART = 4
MAX_INCLUDED = 20
MAX_INCLUDED_IN_ALL = 100
MAX_ATTRIBUTE_NAME = 255
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
MAX_RECOVERY_DAYS = 35


def table_problems(table: Table) -> list[str]:
    """Return one sentence for every rule that ``table`` breaks; empty if it is valid."""
    found = [
        *_table_name_problems(table.name),
        *_key_problems("its key", table.key, parts=1),
        *_index_set_problems(table),
        *_attribute_problems(table),
        *_capacity_problems(table),
        *_warm_problems(table),
        *_setting_problems(table),
        *_tag_problems(table),
        *ignored_problems((index.name for index in table.global_indexes), table.ignored),
    ]
    return [f"table {table.name!r}: {problem}" for problem in found]


def duplicate_problems(what: str, names: Iterable[str]) -> list[str]:
    """Return one sentence for each duplicate name."""
    return [
        f"{what} name {name!r} appears {n} times" for name, n in Counter(names).items() if n > 1
    ]


def real_name_problems(names: Mapping[str, str]) -> list[str]:
    """Return one sentence for each real name that DynamoDB refuses, by the declared names."""
    return [
        f"table {declared!r}: its real name {real!r} has {len(real)} characters; "
        f"it must be 3 to 255 {_SIGNS}"
        for declared, real in names.items()
        if not NAME.fullmatch(real)
    ]


def _table_name_problems(name: str) -> Iterator[str]:
    if not DECLARED_NAME.fullmatch(name):
        yield f"table name {name!r} must be 1 to 255 {_SIGNS}"


def _index_name_problems(name: str) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"index name {name!r} must be 3 to 255 {_SIGNS}"


def _key_problems(where: str, key: Key, *, parts: int) -> Iterator[str]:
    allowed = "one attribute" if parts == 1 else f"1 to {parts} attributes"
    if not 1 <= len(key.partition) <= parts:
        yield f"{where} needs {allowed} in its partition part, not {len(key.partition)}"
    if len(key.sort) > parts:
        yield f"{where} allows {allowed} in its sort part, not {len(key.sort)}"
    for name, count in Counter(attribute.name for attribute in key.attributes).items():
        if count > 1:
            yield f"{where} names attribute {name!r} {count} times"


def _index_set_problems(table: Table) -> Iterator[str]:
    for what, indexes, limit in (
        ("global", table.global_indexes, MAX_GLOBAL_INDEXES),
        ("local", table.local_indexes, MAX_LOCAL_INDEXES),
    ):
        if len(indexes) > limit:
            yield f"{len(indexes)} {what} indexes, at most {limit} are allowed"
    both = table.indexes
    yield from duplicate_problems("index", (index.name for index in both))
    for index in table.global_indexes:
        yield from _key_problems(f"index {index.name!r}", index.key, parts=MAX_INDEX_KEY_PART)
    for index in table.local_indexes:
        yield from _key_problems(f"local index {index.name!r}", index.key, parts=1)
        yield from _local_index_problems(table, index)
    for index in both:
        yield from _index_name_problems(index.name)
        yield from _projection_problems(index)
    included = sum(len(index.projection.attributes) for index in both)
    if included > MAX_INCLUDED_IN_ALL:
        yield f"its indexes include {included} attributes, at most {MAX_INCLUDED_IN_ALL} in all"


def _local_index_problems(table: Table, index: Index) -> Iterator[str]:
    if not table.key.sort:
        yield f"local index {index.name!r} needs a table with a sort key"
    if index.key.partition != table.key.partition:
        yield f"local index {index.name!r} must have the table's own partition key"
    if not index.key.sort:
        yield f"local index {index.name!r} needs a sort key"
    if index.throughput or index.max_throughput or index.warm_throughput:
        yield f"local index {index.name!r} has no throughput of its own"


def _projection_problems(index: Index) -> Iterator[str]:
    kind, attributes = index.projection.kind, index.projection.attributes
    where = f"index {index.name!r}"
    if kind not in PROJECTIONS:
        yield f"{where} has projection {kind!r}, it must be one of {', '.join(PROJECTIONS)}"
    elif kind == "INCLUDE" and not attributes:
        yield f"{where} has projection INCLUDE but names no attribute"
    elif kind != "INCLUDE" and attributes:
        yield f"{where} names attributes to include, but its projection is {kind}"
    if len(attributes) > MAX_INCLUDED:
        yield f"{where} includes {len(attributes)} attributes, at most {MAX_INCLUDED} are allowed"
    for problem in duplicate_problems("included attribute", attributes):
        yield f"{where}: {problem}"
    for name in attributes:
        yield from (f"{where}: {problem}" for problem in _attribute_name_problems(name))


def _attribute_problems(table: Table) -> Iterator[str]:
    types: dict[str, set[str]] = {}
    for attribute in table.attributes:
        types.setdefault(attribute.name, set()).add(attribute.type)
    for name, found in types.items():
        yield from _attribute_name_problems(name)
        for kind in sorted(found - set(KEY_TYPES)):
            yield f"attribute {name!r} has type {kind!r}, a key is of type S, N or B"
        if len(found) > 1:
            yield f"attribute {name!r} is defined with more than one type: {', '.join(sorted(found))}"


def _attribute_name_problems(name: str) -> Iterator[str]:
    if not 1 <= len(name.encode()) <= MAX_ATTRIBUTE_NAME:
        yield f"attribute name {name!r} must be 1 to {MAX_ATTRIBUTE_NAME} bytes"


def _holders(table: Table) -> Iterator[tuple[str, Table | Index]]:
    """Yield what has capacity: the table and its global indexes, by their names in sentences."""
    yield "the table", table
    for index in table.global_indexes:
        yield f"index {index.name!r}", index


def _capacity_problems(table: Table) -> Iterator[str]:
    provisioned = table.billing == "PROVISIONED"
    for where, holder in _holders(table):
        units, limit = holder.throughput, holder.max_throughput
        if provisioned and units is None:
            yield f"{where} needs a throughput, because billing is PROVISIONED"
        if provisioned and limit is not None:
            yield f"{where} has a maximum throughput, which is for PAY_PER_REQUEST"
        if not provisioned and units is not None:
            yield f"{where} has a throughput, which is for PROVISIONED billing"
        if units and min(units.read, units.write) < 1:
            yield f"{where} needs a throughput of at least 1 read and 1 write"
        if limit and any(number != -1 and number < 1 for number in (limit.read, limit.write)):
            yield f"{where} needs a maximum throughput of at least 1, or -1 for none"


def _warm_problems(table: Table) -> Iterator[str]:
    """Yield warm throughput below what AWS gives anyway; AWS refuses such a request."""
    for where, holder in _holders(table):
        wanted = holder.warm_throughput
        if wanted is None:
            continue
        least = warm.least(holder, table.billing)
        if "billing" in table.ignored:
            least = warm.WarmThroughput(1, 1)  # whichever mode the table has
        if wanted == warm.WarmThroughput():
            yield f"{where} has a warm throughput of neither reads nor writes"
        for units, bound, what in (
            (wanted.read, least.read, "read"),
            (wanted.write, least.write, "write"),
        ):
            if units is not None and bound is not None and units < bound:
                yield (
                    f"{where} needs a warm throughput of at least {bound} {what} units per second "
                    f"with {table.billing} billing, not {units}"
                )


def _recovery_problems(table: Table) -> Iterator[str]:
    days = table.recovery_period_in_days
    if days is None:
        return
    if not 1 <= days <= MAX_RECOVERY_DAYS:
        yield f"the recovery period must be 1 to {MAX_RECOVERY_DAYS} days, not {days}"
    if table.point_in_time_recovery is not True:
        state = "off" if table.point_in_time_recovery is False else "not declared"
        yield f"it has a recovery period of {days} days, but point-in-time recovery is {state}"


def _setting_problems(table: Table) -> Iterator[str]:
    yield from _recovery_problems(table)
    if table.billing not in ("PAY_PER_REQUEST", "PROVISIONED"):
        yield f"billing mode {table.billing!r} must be PAY_PER_REQUEST or PROVISIONED"
    if table.stream and table.stream.view is not None and table.stream.view not in STREAM_VIEWS:
        yield f"stream view {table.stream.view!r} must be one of {', '.join(STREAM_VIEWS)}"
    if table.table_class is not None and table.table_class not in TABLE_CLASSES:
        yield f"table class {table.table_class!r} must be one of {', '.join(TABLE_CLASSES)}"
    if table.ttl and table.ttl.attribute == "":
        yield "the time-to-live attribute has no name"
    elif table.ttl and table.ttl.attribute is not None:
        yield from _attribute_name_problems(table.ttl.attribute)
    if table.encryption and table.encryption.kind not in ("AWS_OWNED", "KMS"):
        yield f"encryption {table.encryption.kind!r} must be AWS_OWNED or KMS"
    if table.encryption and table.encryption.kind == "AWS_OWNED" and table.encryption.kms_key:
        yield "encryption with the AWS-owned key takes no KMS key"


def _tag_problems(table: Table) -> Iterator[str]:
    tags = table.tags or ()
    if len(tags) > MAX_TAGS:
        yield f"{len(tags)} tags, at most {MAX_TAGS} are allowed"
    yield from duplicate_problems("tag", (key for key, _ in tags))
    for key, value in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            yield f"tag {key!r} must have a key of 1 to 128 and a value of at most 256 characters"
        if key.lower().startswith("aws:"):
            yield f"tag {key!r} may not begin with 'aws:'"
