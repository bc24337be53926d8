"""A table's declared settings in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.model import Index, Table, Throughput

ON_DEMAND = "on demand"


def settings(table: Table) -> Iterator[tuple[str, str]]:
    """Yield name and value of what the table declares; what it does not is the environment's."""
    yield "Capacity", capacity(table, table)
    if table.ttl is not None:
        yield "Time to live", table.ttl.attribute or "off"
    if table.stream is not None:
        yield "Stream", table.stream.view or "off"
    if table.point_in_time_recovery is not None:
        days = table.recovery_period_in_days
        on = f"on, {days} days" if days else "on"
        yield "Point-in-time recovery", on if table.point_in_time_recovery else "off"
    if table.deletion_protection is not None:
        yield "Deletion protection", "on" if table.deletion_protection else "off"
    if table.encryption is not None:
        yield "Encryption", _encryption(table)
    if table.table_class is not None:
        yield "Table class", table.table_class
    if table.warm_throughput is not None:
        yield "Warm throughput", str(table.warm_throughput)
    if table.tags:
        yield "Tags", ", ".join(f"{key}={value}" for key, value in table.tags)
    if table.unmanaged:
        yield "Also declared", ", ".join(path for path, _ in table.unmanaged)


def capacity(held: Table | Index, table: Table) -> str:
    """Return how the reads and writes of a table or of its index are paid, and their limits."""
    if held in table.local_indexes:
        return "the table's"
    if table.billing == "PROVISIONED":
        units = held.throughput or table.throughput
        return f"provisioned: {units}" if units else "provisioned"
    limits = held.max_throughput
    return f"{ON_DEMAND}, at most {_limits(limits)}" if limits else ON_DEMAND


def _limits(limits: Throughput) -> str:
    found = (("read", limits.read), ("write", limits.write))
    return ", ".join(f"{units:,} {what}" for what, units in found if units >= 0) or "no limit"


def _encryption(table: Table) -> str:
    encryption = table.encryption
    if encryption is None or encryption.kind == "AWS_OWNED":
        return "a key that AWS owns"
    return f"KMS key {encryption.kms_key}" if encryption.kms_key else "the key aws/dynamodb of KMS"
