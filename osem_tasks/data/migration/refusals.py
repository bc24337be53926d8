"""What stops a migration, in words, with what to type next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.data.migration.record import Stage, shown
from osem_tasks.data.transform import Transform
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.data.migration.contents import Difference
    from osem_tasks.data.migration.state import Migration

AGAIN = "Run the same command again"
UNTOUCHED = "Nothing was deleted or changed."


def of_stage(migration: Migration) -> OsemError:
    """Return why there is no table to migrate, or one that must not be touched."""
    if migration.stage is Stage.STRANGE:
        return _strange(migration)
    order, target = migration.order, migration.run.target
    return OsemError(
        f"There is no table {order.source}, and {migration.records.output / order.declared} has no "
        "record of a migration that deleted it.",
        code=ErrorCode.TABLE_NOT_FOUND,
        remediation=f"{target.command('db.setup')}   creates it, empty. If an interrupted "
        "migration deleted it, name the folder of that migration: --output DIR",
        table=order.source,
    )


def _strange(migration: Migration) -> OsemError:
    record, live, target = migration.known, migration.old, migration.run.target
    folder = shown(Path(record.output) / record.declared)
    aside = f"mv {shlex.quote(folder)} {shlex.quote(f'{folder}.kept')}"
    return OsemError(
        f"{record.table} was deleted by an interrupted migration, and something else has created "
        f"it again, with the key {live.table.key}. The {record.items:,} items of before are in "
        f"{record.shown}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"If what is in it now may go: {target.command('db.delete')}   and then the "
        "same command goes on. If it is the table to migrate, put the folder of the old items "
        f"aside, and the same command begins anew: {aside}",
        table=record.table,
    )


def unsound(migration: Migration) -> OsemError:
    """Return what is wrong with the mapped items, with examples by their keys."""
    findings, table = migration.found, migration.order.table
    faults = [f"  {problem}" for problem in findings.problems]
    for what, count in findings.faults.items():
        faults.append(f"  {count:,} {what}: {'; '.join(findings.examples[what])}")
    if findings.collisions:
        some = ", ".join(map(str, findings.shared))
        faults.append(f"  {findings.collisions:,} share a new key: {some}")
    many = "items" if findings.before.items != 1 else "item"
    return OsemError(
        f"The {findings.before.items:,} {many} of {migration.order.source} do not fit the key "
        f"{table.key}. {UNTOUCHED if not migration.harmed else 'Nothing was written.'}\n"
        + "\n".join(faults),
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=_remedy_of_unsound(migration),
        table=migration.order.source,
        details={
            "problems": list(findings.problems),
            "faults": dict(findings.faults),
            "examples": findings.examples,
            "collisions": findings.collisions,
            "sharedKeys": [
                {"key": one.key, "items": one.count, "from": list(one.sources)}
                for one in findings.shared
            ],
        },
    )


def _remedy_of_unsound(migration: Migration) -> str:
    if isinstance(migration.mapping, Transform):
        source = migration.mapping.source
        return f"Correct {source}, or those items, then run the same command again."
    target, key = migration.run.target, migration.order.table.key
    names = [attribute.name for attribute in key.attributes]
    members = ", ".join(f'"{name}": ...' for name in names)
    return (
        "Correct those items, or write a function in a file migrations.py that gives every item "
        f"its key: def to_new_key(item): return {{**item, {members}}}   and name it: "
        f"{target.command('db.migrate', '--transform', 'migrations:to_new_key')}"
    )


def written_to(migration: Migration) -> OsemError:
    """Return that the table is not as it was dumped."""
    left, order = migration.difference, migration.order
    how = f": {left}" if left and str(left) else ""
    return OsemError(
        f"Something writes to {order.source}: it is not as it was dumped a moment ago{how}. "
        f"{UNTOUCHED}",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"Stop what writes to it (applications, triggers). {AGAIN}: it dumps the "
        "table anew.",
        table=order.source,
    )


def exchanged(migration: Migration) -> OsemError:
    """Return that the table was deleted, or made anew, after it was dumped."""
    return OsemError(
        f"{migration.order.source} is not the table any more that was dumped: something else has "
        "deleted it, or created it again. Nothing was deleted by this command.",
        code=ErrorCode.TABLE_LIMIT_EXCEEDED,
        remediation=f"See what is there: {migration.run.target.command('db.list')}",
        table=migration.order.source,
    )


def check_place(migration: Migration) -> None:
    """Raise OsemError if the record is of a table elsewhere: its items are not put in here."""
    record, place = migration.known, migration.records.place
    if record.place == place:
        return
    target, folder = migration.run.target, record.shown
    there = ", ".join(filter(None, record.place))
    raise OsemError(
        f"{shown(record.beside)} is of a migration of {record.table} at another place ({there}).",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Run the same command there, or name another folder: --output DIR. To put "
        f"those items in here: {target.command('db.setup')}   and then: "
        f"{target.command('db.load', '--input', folder, *_transform(migration))}",
        table=record.table,
    )


def without_dump(migration: Migration) -> OsemError:
    """Return that the folder of the dump is not where the record says."""
    record = migration.known
    return OsemError(
        f"{record.table} is deleted, and the dump of its {record.items:,} items is not in "
        f"{record.shown} any more.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=f"Name the folder that it is in now: --output DIR{_restore(migration)}",
        table=record.table,
    )


def with_damage(migration: Migration, error: OsemError) -> OsemError:
    """Return that the dump of a deleted table cannot be read, or not mapped."""
    damaged = error.code is ErrorCode.INVALID_CONFIGURATION and migration.findings is None
    remedy = error.remediation
    if damaged and migration.harmed:
        remedy = f"Copy the folder again from where there is a good copy{_restore(migration)}"
    return OsemError(
        f"{error.message} {where(migration)}",
        code=error.code,
        remediation=remedy,
        table=migration.known.table,
        details=error.details,
    )


def not_ours(migration: Migration, left: Difference) -> OsemError:
    """Return that the new table has items that the migration did not write."""
    record, order, target = migration.known, migration.order, migration.run.target
    words = (order.table.name, record.shown)
    if order.to:
        return _second_has_items(order.table.name, migration)
    return OsemError(
        f"Something else has created {words[0]} and put items in; of the old items, {left}. The "
        f"{record.items:,} items of before are in {words[1]}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"If what is in it now may go: {target.command('db.delete')}   and then the "
        "same command goes on. To add the old items to it by hand, in spite of items of equal "
        f"keys: {target.command('db.load', '--input', str(words[1]), *_transform(migration))}   "
        "and then the same command ends the migration.",
        table=words[0],
    )


def other_mapping(migration: Migration) -> OsemError:
    """Return that the table has items already that were mapped in another way."""
    order, target = migration.order, migration.run.target
    empty = target.command("db.delete")
    if order.to:
        empty = f"aws dynamodb delete-table --table-name {order.to}"
    return OsemError(
        f"{order.table.name} was filled in part by another mapping than that of now; the items of "
        f"both would stand side by side. All {migration.known.items:,} items of before are in "
        f"{migration.known.shown}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"Run it with the --transform of before; or begin with an empty table: {empty}"
        "   and then the same command goes on.",
        table=order.table.name,
    )


def different(migration: Migration, left: Difference) -> OsemError:
    """Return that the new table is not what was loaded into it."""
    record, name = migration.known, migration.order.table.name
    return OsemError(
        f"{name} is not what was written to it: {left}. Something else writes to it already. All "
        f"items of before are in {record.shown}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"Look at these items, and stop what writes to the table. {AGAIN}: it writes "
        "what is missing, and leaves what is changed as it is.",
        table=name,
        details={"missing": left.missing, "changed": left.changed, "extra": left.extra},
    )


def check_second(migration: Migration, *, ours: bool) -> None:
    """Raise OsemError unless the second table can be filled: none, an empty one, or ours."""
    new, order = migration.new, migration.order
    if new is None or ours:
        return
    if new.table.key != order.table.key:
        raise OsemError(
            f"{order.to} has the key {new.table.key}, and {order.table.key} is declared. "
            f"{UNTOUCHED}",
            code=ErrorCode.SCHEMA_VALIDATION_FAILED,
            remediation="Name a table that does not exist: --to NAME",
            table=order.to,
        )
    if not migration.run.store.is_empty(order.to):
        raise _second_has_items(order.to, migration)


def _second_has_items(name: str, migration: Migration) -> OsemError:
    return OsemError(
        f"{name} has items already that no unfinished migration has written. {UNTOUCHED}",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation="Name a table that does not exist: --to NAME"
        f"   or see what is there: {migration.run.target.command('db.list')}",
        table=name,
    )


def where(migration: Migration) -> str:
    """Return in a sentence where things stand: what there is, and where the items are."""
    order, record = migration.order, migration.record
    if record is None:
        return UNTOUCHED
    items = f"{record.items:,} {'item' if record.items == 1 else 'items'}"
    if order.to:
        return _where_second(migration, items)
    if not migration.harmed:
        kept = f" What is dumped so far is in {record.shown}." if record.folder.exists() else ""
        return f"{UNTOUCHED}{kept}"
    there = "are in" if record.folder.is_dir() else "were in"
    where_items = f"its {items} of before {there} {record.shown}"
    if not migration.created:
        state = "is deleted" if migration.gone else "is being deleted"
        return f"{order.source} {state}; {where_items}."
    if not migration.loaded:
        return f"{order.source} is created again and not filled yet; {where_items}."
    return f"{order.source} is filled again and not compared yet; {where_items}."


def _where_second(migration: Migration, items: str) -> str:
    order, record = migration.order, migration.known
    untouched = f"{order.source} is untouched"
    if not migration.created:
        return f"{untouched}; what is dumped of it is in {record.shown}."
    state = "not compared yet" if migration.loaded else "not filled yet"
    return f"{untouched}; {order.to} is created and {state}; the {items} are in {record.shown}."


def _restore(migration: Migration) -> str:
    command = migration.known.backup.get("restore", "")
    return f"   or restore the backup: {command}" if command else ""


def _transform(migration: Migration) -> tuple[str, ...]:
    transform = migration.order.transform
    return ("--transform", transform.source) if transform else ()
