"""The steps of a migration that touch nothing: dump, check, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.data import dumps, exports, folders, layout
from osem_tasks.data.dump import Options, Source, dump_table
from osem_tasks.data.migration import refusals
from osem_tasks.data.migration.contents import Total, difference, total_of
from osem_tasks.data.migration.record import Stage
from osem_tasks.data.scan import scan_of
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.data.attributes import Item
    from osem_tasks.data.migration.state import Migration


def prepare(migration: Migration) -> None:
    """Dump the table and map every item of the dump. Raises OsemError: nothing is touched."""
    if migration.stage is Stage.BEGIN:
        migration.begin()
    else:
        _continue(migration)
    older = _dump(migration)
    _check(migration)
    if older and not is_unchanged(migration):
        migration.begin()
        _dump(migration)
        _check(migration)
    refuse_unsound(migration)


def reopen(migration: Migration) -> None:
    """Take up a complete dump, and map its items again. Raises OsemError."""
    look_into(migration)
    refuse_unsound(migration)


def look_into(migration: Migration) -> None:
    """Read a complete dump of before back, and map its items, sound or not. Raises OsemError."""
    migration.continued = True
    if not migration.known.folder.is_dir():
        raise refusals.without_dump(migration)
    migration.dumped = True
    try:
        _check(migration)
    except OsemError as error:
        raise refusals.with_damage(migration, error) from error


def rehearse(migration: Migration) -> None:
    """Map every item of the table, and write no file. Raises OsemError."""
    migration.examine(lambda: _items(migration))


def refuse_unsound(migration: Migration) -> None:
    """Raise OsemError if an item cannot be written, or would take the place of another."""
    if not migration.found.sound:
        raise refusals.unsound(migration)


def is_unchanged(migration: Migration) -> bool:
    """Return whether the old table still holds what the dump holds, read item by item."""
    live, order = migration.old, migration.order
    found = _total(migration)
    if found == migration.found.before:
        return True
    ttl = live.table.ttl or order.table.ttl
    store, rate = migration.store, order.rate
    left = difference(migration.run, store, live, migration.raw, ttl=ttl, rate=rate)
    migration.difference = left
    return not (left.lacks or left.extra)


def is_restored(migration: Migration) -> bool:
    """Return whether a table was made anew by a restore: it holds what the dump holds."""
    if not (migration.known.folder / layout.SUMMARY).exists():
        return False
    total = Total()
    for item in migration.raw():
        total.add(item)
    return _total(migration) == total


def _total(migration: Migration) -> Total:
    order = migration.order
    doing = f"comparing {order.declared} with its dump"
    return total_of(migration.run, migration.store, migration.old, order.rate, doing)


def _continue(migration: Migration) -> None:
    """Go on with the record, unless its dump is damaged or wanted elsewhere."""
    record, output = migration.known, migration.order.output
    elsewhere = output is not None and str(output.absolute()) != record.output
    if elsewhere or not _is_intact(record.folder):
        migration.begin()
        return
    migration.continued = True
    if record.deleting:
        record.deleting = False
        migration.save()


def _is_intact(folder: Path) -> bool:
    """Return whether a dump, if it is complete, is as it was written."""
    if not (folder / layout.SUMMARY).exists():
        return True
    try:
        exports.check(exports.read(folder))
    except OsemError:
        return False
    return True


def _dump(migration: Migration) -> bool:
    """Complete the dump, on the disk; return whether an earlier run had begun it."""
    order, record = migration.order, migration.known
    output = Path(record.output)
    # A new folder of personal data does not belong into a repository.
    new = not output.exists()
    folders.make(output)
    if new:
        folders.ignore_in_git(output)
    source = Source(
        live=migration.old,
        declared=order.declared,
        table=order.table,
        environment=order.environment,
    )
    options = Options(consistent=True, rate=order.rate)
    with dumps.locked(output):
        dumped = dump_table(migration.run, migration.store, source, record.folder, options)
    folders.settle(record.folder)
    migration.dumped = True
    record.items = dumped.items
    migration.save()
    migration.stepped(migration)
    return dumped.finished_before or bool(dumped.continued)


def _check(migration: Migration) -> None:
    """Read the dump back, and map every item of it."""
    export = migration.export
    exports.check(export)
    migration.known.items = export.items
    migration.examine(migration.raw)
    migration.stepped(migration)


def _items(migration: Migration) -> Iterator[Item]:
    order = migration.order
    scan = scan_of(
        migration.run,
        migration.store,
        migration.old,
        consistent=True,
        rate=order.rate,
        segments=1,
    )
    for page in scan.pages(0):
        yield from page.items
