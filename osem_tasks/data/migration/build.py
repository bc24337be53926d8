"""The steps of a migration that fill the new table: create, load, compare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.setup import setup
from osem_tasks.data.meter import Meter
from osem_tasks.data.migration import refusals
from osem_tasks.data.migration.contents import Difference, difference, total_of
from osem_tasks.data.writer import Writer
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.data.migration.state import Migration
    from osem_tasks.data.writer import Batch
    from osem_tasks.schema.live import LiveTable


def build(migration: Migration) -> None:
    """Create the new table, load the mapped items and compare them. Raises OsemError.

    A table that is there already must be empty, or be the one of this migration.
    """
    table = migration.order.table
    setup(migration.of_new())
    live = migration.run.store.describe(table)
    if live is None:
        raise OsemError(
            f"{table.name} was created, and something else has deleted it.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation="Run the same command again: it continues.",
            table=table.name,
        )
    # DynamoDB's own counts are older than the load.
    after = migration.found.after.items
    size = migration.live.size if migration.live else 0
    live = replace(live, items=after, size=max(live.size, size))
    migration.new, migration.created = live, True
    migration.stepped(migration)
    empty = migration.run.store.is_empty(table.name)
    _claim(migration, live, empty=empty)
    _fill(migration, live, empty=empty)
    _verify(migration, live)


def _claim(migration: Migration, live: LiveTable, *, empty: bool) -> None:
    """Note that the table is this migration's own. Raises OsemError if it is another's."""
    record, total = migration.known, str(migration.found.after)
    if record.made != live.identity or not record.made:
        record.loaded = False
        if not empty:
            left = _compare(migration, live)
            if left.lacks:
                raise refusals.not_ours(migration, left)
    elif record.mapped != total and not empty:
        raise refusals.other_mapping(migration)
    record.made, record.mapped = live.identity, total
    migration.tolerant = record.loaded
    migration.save()


def _fill(migration: Migration, live: LiveTable, *, empty: bool) -> None:
    """Write what is not in the table. What is there stays: others may have changed it since."""
    run, rate = migration.run, migration.order.rate
    meter = Meter(f"loading {live.table.name}", live.items, run.deadline)
    run.begin(meter.step)

    def written(batch: Batch) -> None:
        meter.advance(len(batch.items), batch.size)

    with Writer(run, migration.store, live.table, written, rate=rate) as writer:
        if empty:
            for item in migration.made():
                writer.add(item)
        else:
            _compare(migration, live, writer)
    migration.loaded = migration.known.loaded = True
    migration.save()
    migration.stepped(migration)


def _compare(migration: Migration, live: LiveTable, writer: Writer | None = None) -> Difference:
    return difference(
        migration.run,
        migration.store,
        live,
        migration.made,
        ttl=migration.order.table.ttl,
        rate=migration.order.rate,
        absent=writer.add if writer else None,
    )


def _verify(migration: Migration, live: LiveTable) -> None:
    """Compare the new table with the mapped items, by number and checksum. Raises OsemError.

    Only a run that follows a complete load leaves changed items to whoever changed them.
    """
    doing = f"comparing {live.table.name} with the dump"
    found = total_of(migration.run, migration.store, live, migration.order.rate, doing)
    if found == migration.found.after:
        migration.difference = Difference()
        return
    left = migration.difference = _compare(migration, live)
    if left.missing or (left.changed and not migration.tolerant):
        raise refusals.different(migration, left)
