"""Replace a table by one with another key, and keep its items; or fill a second one beside it.

The old table goes only after its dump was read back, every item was mapped, and the table still
held what the dump holds. How an interrupted migration goes on, what is there decides, together
with the record of it: the old table, none, or the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.apply.read import inspect_when_stable
from osem_tasks.data.migration import refusals
from osem_tasks.data.migration.build import build
from osem_tasks.data.migration.prepare import is_restored, is_unchanged, prepare, reopen
from osem_tasks.data.migration.record import Stage, stage_of
from osem_tasks.errors import OsemError
from osem_tasks.plan.repair import repair_actions

if TYPE_CHECKING:
    from osem_tasks.data.migration.state import Hooks, Migration


def look(migration: Migration) -> Stage:
    """Read the table and the record, and return where the migration stands. Raises OsemError."""
    comparison = inspect_when_stable(migration.run)
    migration.live = live = comparison.found[migration.order.source]
    actions = repair_actions(comparison)
    migration.reasons = tuple(action for action in actions if not action.possible)
    migration.record = migration.records.read()
    identity = live.identity if live else None
    migration.stage = stage_of(migration.record, identity, fits=not migration.reasons)
    return migration.stage


def migrate(migration: Migration, hooks: Hooks) -> None:
    """Replace the table, or go on with it. Raises OsemError; the same call then goes on."""
    with migration.records.locked():
        stage = look(migration)
        if stage is Stage.STRANGE and is_restored(migration):
            stage = migration.stage = Stage.BEGIN
        if stage in {Stage.GONE, Stage.STRANGE}:
            raise refusals.of_stage(migration)
        if stage is Stage.NOTHING:
            return
        if stage in {Stage.REBUILD, Stage.REFILL}:
            migration.harmed = migration.gone = True
            refusals.check_place(migration)
            reopen(migration)
        else:
            hooks.allow(migration)
            prepare(migration)
            hooks.confirm(migration)
            _take_away(migration, hooks)
        build(migration)
        migration.records.finish(migration.known)


def fill_second(migration: Migration, hooks: Hooks) -> None:
    """Fill a second table beside the first one, which stays. Raises OsemError."""
    with migration.records.locked():
        if look(migration) is Stage.NOTHING:
            return
        if migration.live is None:
            raise refusals.of_stage(migration)
        new = migration.new = migration.run.store.describe(migration.order.table)
        record = migration.record
        made = record.made if record else ""
        ours = bool(made) and new is not None and new.identity == made
        if ours and migration.known.done:
            migration.continued = migration.dumped = migration.loaded = True
            return
        refusals.check_second(migration, ours=ours)
        hooks.allow(migration)
        if ours:
            reopen(migration)
        else:
            prepare(migration)
            hooks.confirm(migration)
        build(migration)
        migration.records.finish(migration.known)


def _take_away(migration: Migration, hooks: Hooks) -> None:
    """Delete the old table, which is still as it was dumped. Raises OsemError."""
    record = migration.known
    _refuse_changed(migration)
    if backup := hooks.back_up(migration):
        record.backup = backup
        migration.save()
        # A backup takes its time.
        _refuse_changed(migration)
    record.deleting = True
    migration.save()
    deleted = migration.run.journal.deleted
    try:
        _check_identity(migration)
        hooks.delete(migration)
        migration.gone = True
    except OsemError:
        if not deleted:
            record.deleting = False
            migration.save()
        raise
    finally:
        migration.harmed = bool(deleted)
    migration.stepped(migration)


def _refuse_changed(migration: Migration) -> None:
    if not is_unchanged(migration):
        raise refusals.written_to(migration)


def _check_identity(migration: Migration) -> None:
    """Raise OsemError unless the table is the one that was dumped."""
    now = migration.run.store.describe(migration.run.tables[migration.order.source])
    if now is None or now.identity != migration.old.identity:
        raise refusals.exchanged(migration)
