"""Write tables as Terraform's ``aws_dynamodb_table`` resources."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.export.hcl import Block
from osem_tasks.declarations.export.names import resource_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from osem_tasks.schema.model import Encryption, Index, Key, Stream, Table, Throughput
    from osem_tasks.schema.warm import WarmThroughput

_NAME_LIMIT = 255
_RECOVERY = "point_in_time_recovery"


def write_terraform(tables: Sequence[Table]) -> str:
    """Return HCL with one resource per table."""
    names = resource_names((table.name for table in tables), _identifier, _NAME_LIMIT)
    resources = (_resource(names[table.name], table) for table in tables)
    return "\n".join("\n".join(resource.lines()) + "\n" for resource in resources)


def _identifier(name: str) -> str:
    """Return a table's name in the characters of an identifier, which starts with no digit."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _resource(name: str, table: Table) -> Block:
    settings = [
        part
        for field, write in SETTINGS.items()
        if (value := getattr(table, field)) is not None
        for part in write(value)
    ]
    arguments: dict[str, Any] = {
        "name": table.name,
        "billing_mode": table.billing,
        **_single_key(table.key),
        **_units(table.throughput),
    }
    blocks = [Block("attribute", {"name": a.name, "type": a.type}) for a in table.attributes]
    blocks += [_global_index(index) for index in table.global_indexes]
    blocks += [_local_index(index) for index in table.local_indexes]
    blocks += _ceiling(table.max_throughput) + _warm(table.warm_throughput)
    for part in settings:
        if isinstance(part, Block):
            blocks.append(_with_period(part, table))
        else:
            arguments |= part
    return Block(f'resource "aws_dynamodb_table" "{name}"', arguments, blocks)


def _with_period(block: Block, table: Table) -> Block:
    """Return the block of recovery with its period, any other block as it is."""
    if block.header != _RECOVERY or table.recovery_period_in_days is None:
        return block
    period = {"recovery_period_in_days": table.recovery_period_in_days}
    return replace(block, arguments={**block.arguments, **period})


def _stream(stream: Stream) -> Iterator[dict[str, Any]]:
    view = {"stream_view_type": stream.view} if stream.view else {}
    yield {"stream_enabled": stream.view is not None, **view}


def _encryption(encryption: Encryption) -> Iterator[Block]:
    key = {"kms_key_arn": encryption.kms_key} if encryption.kms_key else {}
    yield Block("server_side_encryption", {"enabled": encryption.kind == "KMS", **key})


# The writer of each declared setting, by its field in ``Table``: arguments and blocks of the
# resource. Terraform wants no attribute for a time to live that is off.
SETTINGS: dict[str, Callable[[Any], Iterator[dict[str, Any] | Block] | Sequence[Any]]] = {
    "stream": _stream,
    "ttl": lambda ttl: [
        Block(
            "ttl",
            {
                **({"attribute_name": ttl.attribute} if ttl.attribute else {}),
                "enabled": ttl.attribute is not None,
            },
        )
    ],
    "point_in_time_recovery": lambda on: [Block(_RECOVERY, {"enabled": on})],
    "encryption": _encryption,
    "deletion_protection": lambda on: [{"deletion_protection_enabled": on}],
    "table_class": lambda name: [{"table_class": name}],
    "tags": lambda tags: [{"tags": dict(tags)}] if tags else [],
}


def _global_index(index: Index) -> Block:
    """Return an index; keys of several attributes need blocks of their own."""
    several = len(index.key.partition) > 1 or len(index.key.sort) > 1
    arguments: dict[str, Any] = {
        "name": index.name,
        **({} if several else _single_key(index.key)),
        **_projection(index),
        **_units(index.throughput),
    }
    keys = [
        Block("key_schema", {"attribute_name": attribute.name, "key_type": kind})
        for part, kind in ((index.key.partition, "HASH"), (index.key.sort, "RANGE"))
        for attribute in part
    ]
    blocks = (keys if several else []) + _ceiling(index.max_throughput)
    blocks += _warm(index.warm_throughput)
    return Block("global_secondary_index", arguments, blocks)


def _local_index(index: Index) -> Block:
    sort = {"range_key": index.key.sort[0].name}
    return Block("local_secondary_index", {"name": index.name, **sort, **_projection(index)})


def _single_key(key: Key) -> dict[str, str]:
    sort = {"range_key": key.sort[0].name} if key.sort else {}
    return {"hash_key": key.partition[0].name, **sort}


def _projection(index: Index) -> dict[str, Any]:
    names = index.projection.attributes
    included = {"non_key_attributes": list(names)} if names else {}
    return {"projection_type": index.projection.kind, **included}


def _units(units: Throughput | None) -> dict[str, int]:
    return {"read_capacity": units.read, "write_capacity": units.write} if units else {}


def _ceiling(units: Throughput | None) -> list[Block]:
    if units is None:
        return []
    names = ("max_read_request_units", "max_write_request_units")
    limits = zip(names, (units.read, units.write), strict=True)
    return [Block("on_demand_throughput", dict(limits))]


def _warm(warm: WarmThroughput | None) -> list[Block]:
    if warm is None:
        return []
    numbers = {"read_units_per_second": warm.read, "write_units_per_second": warm.write}
    given = {name: units for name, units in numbers.items() if units is not None}
    return [Block("warm_throughput", given)]
