"""Write tables as Terraform's ``aws_dynamodb_table`` resources."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from osem_tasks.schema.model import (
        Encryption,
        Index,
        Key,
        Stream,
        Table,
        Tags,
        Throughput,
        TimeToLive,
    )


def write_terraform(tables: Sequence[Table]) -> str:
    """Return HCL with one resource per table."""
    return "\n".join("\n".join(_resource(table)) + "\n" for table in tables)


def _resource(table: Table) -> Iterator[str]:
    yield f'resource "aws_dynamodb_table" "{re.sub(r"[^A-Za-z0-9_]", "_", table.name)}" {{'
    yield f"  name         = {_text(table.name)}"
    yield f"  billing_mode = {_text(table.billing)}"
    yield from _keys(table.key, "  ")
    if table.throughput:
        yield from _units(table.throughput, "  ")
    for attribute in table.attributes:
        yield from _block("attribute", name=_text(attribute.name), type=_text(attribute.type))
    for index in table.global_indexes:
        yield from _index("global_secondary_index", index)
    for index in table.local_indexes:
        yield from _index("local_secondary_index", index)
    if table.max_throughput:
        yield from _max_throughput(table.max_throughput, "  ")
    yield from _settings(table)
    yield "}"


def _settings(table: Table) -> Iterator[str]:
    for field, write in SETTINGS.items():
        value = getattr(table, field)
        if value is not None:
            yield from write(value)


def _stream(stream: Stream) -> Iterator[str]:
    yield f"  stream_enabled = {_flag(stream.view is not None)}"
    if stream.view:
        yield f"  stream_view_type = {_text(stream.view)}"


def _time_to_live(ttl: TimeToLive) -> Iterator[str]:
    if ttl.attribute:
        yield from _block("ttl", attribute_name=_text(ttl.attribute), enabled="true")


def _recovery(enabled: bool) -> Iterator[str]:
    yield from _block("point_in_time_recovery", enabled=_flag(enabled))


def _encryption(encryption: Encryption) -> Iterator[str]:
    facts = {"enabled": _flag(encryption.kind == "KMS")}
    if encryption.kms_key:
        facts["kms_key_arn"] = _text(encryption.kms_key)
    yield from _block("server_side_encryption", **facts)


def _protection(enabled: bool) -> Iterator[str]:
    yield f"  deletion_protection_enabled = {_flag(enabled)}"


def _table_class(table_class: str) -> Iterator[str]:
    yield f"  table_class = {_text(table_class)}"


def _tags(tags: Tags) -> Iterator[str]:
    if tags:
        yield "  tags = {"
        yield from (f"    {_text(key)} = {_text(value)}" for key, value in tags)
        yield "  }"


# The writer of each declared setting, by its field in ``Table``, in Terraform's usual order.
SETTINGS: dict[str, Callable[[Any], Iterator[str]]] = {
    "stream": _stream,
    "ttl": _time_to_live,
    "point_in_time_recovery": _recovery,
    "encryption": _encryption,
    "deletion_protection": _protection,
    "table_class": _table_class,
    "tags": _tags,
}


def _index(kind: str, index: Index) -> Iterator[str]:
    yield f"  {kind} {{"
    yield f"    name            = {_text(index.name)}"
    yield from _keys(index.key, "    ", partition=kind.startswith("global"))
    yield f"    projection_type = {_text(index.projection.kind)}"
    if index.projection.attributes:
        yield f"    non_key_attributes = {json.dumps(list(index.projection.attributes))}"
    if index.throughput:
        yield from _units(index.throughput, "    ")
    if index.max_throughput:
        yield from _max_throughput(index.max_throughput, "    ")
    yield "  }"


def _keys(key: Key, indent: str, *, partition: bool = True) -> Iterator[str]:
    if partition:
        yield from (f"{indent}hash_key  = {_text(attribute.name)}" for attribute in key.partition)
    yield from (f"{indent}range_key = {_text(attribute.name)}" for attribute in key.sort)


def _units(units: Throughput, indent: str) -> Iterator[str]:
    yield f"{indent}read_capacity  = {units.read}"
    yield f"{indent}write_capacity = {units.write}"


def _max_throughput(units: Throughput, indent: str) -> Iterator[str]:
    yield f"{indent}on_demand_throughput {{"
    yield f"{indent}  max_read_request_units  = {units.read}"
    yield f"{indent}  max_write_request_units = {units.write}"
    yield f"{indent}}}"


def _block(block: str, **facts: str) -> Iterator[str]:
    yield f"  {block} {{"
    yield from (f"    {key} = {value}" for key, value in facts.items())
    yield "  }"


def _text(value: str) -> str:
    # HCL uses JSON's escapes, but "${" would start an expression.
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def _flag(value: object) -> str:
    return "true" if value else "false"
