"""Show the plan and the result of a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.data.migration.record import Stage
from osem_tasks.data.migration.refusals import where
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.data.migration.state import Migration

_LOST = (
    ("stream", "the stream gets another ARN; who reads it has to be told (a Lambda trigger)"),
    (
        "point_in_time_recovery",
        "point-in-time recovery begins anew: no time before can be restored",
    ),
)


def plan_lines(migration: Migration, *, backup: bool) -> list[Line]:
    """Return what a migration does to which items, what is kept, and what is lost."""
    order = migration.order
    lines = [Line(Mark.PLAIN, f"{order.source}: {_keys(migration)}")]
    if migration.findings is None:
        live = migration.old
        lines.append(_detail(f"{_items(live.items)}, {size(live.size)} at last count"))
    else:
        lines += [_detail(text) for text in _mapped(migration)]
    return [*lines, *[_detail(text) for text in _kept(migration, backup=backup)]]


def _detail(text: str) -> Line:
    return Line(Mark.PLAIN, f"  {text}")


def _keys(migration: Migration) -> str:
    old, new = migration.old_key, migration.order.table.key
    if old != new:
        return f"the key {old} becomes {new}"
    return f"the key {new} stays; {'; '.join(action.target for action in migration.reasons)}"


def _mapped(migration: Migration) -> list[str]:
    found = migration.found
    counts = f"{_items(found.before.items)} become {found.after.items:,}"
    texts = [counts if not found.problems else _items(found.before.items)]
    if found.dropped:
        texts.append(f"{_items(found.dropped)} become none: they are only in the dump then")
    if found.split:
        texts.append(f"{_items(found.split)} become several")
    texts += found.words
    texts += [f"such as {before} -> {after}" for before, after in found.pairs]
    return texts


def _kept(migration: Migration, *, backup: bool) -> list[str]:
    order = migration.order
    folder = _folder(migration)
    if order.to:
        return [
            f"kept: {order.source} as it is, and a dump of its items in {folder}",
            f"created: {order.to}, with the declared key and settings",
        ]
    kept = f"kept: a dump of all items in {folder}"
    if backup:
        kept += ", and an on-demand backup on AWS"
    elif migration.run.target.local:
        kept += " (a local engine makes no backups)"
    texts = [kept]
    if migration.live:
        table = migration.live.table
        lost = [text for name, text in _LOST if getattr(table, name) not in {None, False}]
        lost = [text for text in lost if "stream" not in text or migration.live.stream_arn]
        texts += [f"lost: {text}" for text in lost]
        texts.append("the new table has the old name: alarms and permissions by name stay")
    return texts


def _folder(migration: Migration) -> str:
    record, order, live = migration.record, migration.order, migration.live
    # A record of an older table is not gone on with: a new dump gets a folder of its own.
    current = record is not None and live is not None and record.identity == live.identity
    if record and current and not record.done and record.folder.is_dir():
        return record.shown
    return str(migration.records.output / order.declared)


def _items(number: int) -> str:
    return f"{number:,} {'item' if number == 1 else 'items'}"


def dry_outcome(migration: Migration, *, backup: bool, error: OsemError | None = None) -> Outcome:
    """Return what a migration would do; nothing was changed, and no file was written."""
    order = migration.order
    if migration.stage is Stage.NOTHING:
        return nothing_outcome(migration)
    if migration.stage in {Stage.REBUILD, Stage.REFILL}:
        text = f"{where(migration)} The same command without --dry-run goes on"
        lines: Sequence[Line] = [_detail(text) for text in _mapped(migration)]
        summary = Line(Mark.INFO, f"{text}; nothing was changed")
    else:
        lines = plan_lines(migration, backup=backup)
        what = f"{order.to} would be filled" if order.to else f"{order.source} would be replaced"
        summary = Line(Mark.INFO, f"{what}; nothing was changed")
    if error:
        summary = Line(Mark.FAILED, f"{order.source} cannot be migrated like this")
    data = {**_data(migration), "state": summary.text}
    return Outcome(data=data, lines=lines, summary=summary, error=error)


def nothing_outcome(migration: Migration) -> Outcome:
    """Return that the table has the declared key already."""
    order = migration.order
    key = migration.run.tables[order.source].key
    text = f"{order.source} has the key {key}, as declared: nothing to migrate"
    data = {**_data(migration), "state": text}
    return Outcome(data=data, summary=Line(Mark.DONE, text))


def outcome_of(migration: Migration, error: OsemError | None) -> Outcome:
    """Return what was done so far, and where things stand if there is an ``error``."""
    data = _data(migration)
    changed = migration.harmed or migration.created
    if error:
        data["state"] = where(migration)
        if error.code is ErrorCode.INTERRUPTED:
            error = interrupted(migration)
        summary = Line(Mark.FAILED, where(migration))
        return Outcome(
            data=data, lines=done_lines(migration), summary=summary, error=error, changed=changed
        )
    if migration.stage is Stage.NOTHING:
        return nothing_outcome(migration)
    lines, summary = [*done_lines(migration), *_report(migration)], _summary(migration)
    data["state"] = summary.text
    return Outcome(data=data, lines=lines, summary=summary, changed=changed)


def interrupted(migration: Migration) -> OsemError:
    """Return the error for Ctrl-C and SIGTERM, which says where things stand."""
    return OsemError(
        f"Interrupted. {where(migration)}",
        code=ErrorCode.INTERRUPTED,
        remediation=f"Run the same command again: it goes on from there.{_back(migration)}",
        table=migration.order.source,
    )


def _back(migration: Migration) -> str:
    """Return how to go back once the old table is deleted."""
    if not migration.harmed:
        return ""
    record = migration.known
    text = f" To go back, declare the key {record.key} again and run it without --transform"
    restore = record.backup.get("restore")
    return f"{text}; or restore the backup: {restore}" if restore else f"{text}."


def done_lines(migration: Migration) -> list[Line]:
    """Return a line for every step that is done."""
    record, order = migration.record, migration.order
    lines = []
    if migration.dumped and record:
        lines.append(Line(Mark.DONE, f"dumped   {_items(record.items)} to {record.shown}"))
    if migration.findings and migration.findings.sound:
        found = migration.findings
        words = ", ".join(found.words)
        lines.append(
            Line(
                Mark.DONE,
                f"checked  {_items(found.before.items)} become {found.after.items:,}: {words}",
            )
        )
    if record and record.backup and not migration.run.journal.backups:
        lines.append(Line(Mark.DONE, f"kept     the backup {record.backup['arn']}"))
    if migration.gone:
        lines.append(Line(Mark.DONE, f"deleted  {order.source}"))
    if migration.created:
        lines.append(Line(Mark.DONE, f"created  {order.table.name} with the key {order.table.key}"))
    if migration.loaded and migration.findings:
        lines.append(Line(Mark.DONE, f"loaded   {_items(migration.found.after.items)}"))
    return lines


def _report(migration: Migration) -> list[Line]:
    order, record = migration.order, migration.known
    lines = []
    left = migration.difference
    if left is not None:
        lines.append(Line(Mark.DONE, _compared(migration)))
    if left and (left.extra or left.changed):
        text = f"others write to {order.table.name} already: {left}"
        lines.append(Line(Mark.WARNING, text))
    if record.backup and not migration.run.journal.backups:
        lines.append(Line(Mark.DETAIL, f"to restore the old table: {record.backup['restore']}"))
    new = migration.new
    if new and record.stream and new.stream_arn != record.stream and not order.to:
        lines.append(Line(Mark.WARNING, f"the stream is now {new.stream_arn or 'off'}"))
    return [*lines, *[Line(Mark.PLAIN, text) for text in _way(migration)]]


def _compared(migration: Migration) -> str:
    left, name = migration.difference, migration.order.table.name
    if left is not None and left.expired:
        expired = f"; {_items(left.expired)} had expired"
        return f"compared {name} with the dump{expired}"
    count = _items(migration.found.after.items) if migration.findings else "all items"
    return f"compared {name} with the dump: {count}, checksum equal"


def _summary(migration: Migration) -> Line:
    order, record = migration.order, migration.known
    if order.to:
        text = f"{order.to} has the items of {order.source}, which is untouched"
    else:
        text = f"{order.source} has the key {order.table.key} now"
    return Line(Mark.DONE, f"{text}; the dump stays in {record.shown}")


def _way(migration: Migration) -> list[str]:
    """Return the rest of the way once a second table is filled, in numbered steps."""
    order, target = migration.order, migration.run.target
    if not order.to:
        return []
    region = migration.run.store.connection.region
    options = f"--region {region}" + (
        f" --endpoint-url {target.endpoint}" if target.endpoint else ""
    )
    name = target.naming.declared(order.to)
    declare = f"name the table {name} in the declaration" if name else f"declare {order.to}"
    aws = "aws dynamodb"
    old, new = f"--table-name {order.source} {options}", f"--table-name {order.to} {options}"
    missed = (
        f"What was written to {order.source} since the dump began is not in {order.to}. If "
        f"something was: stop what writes to it, {aws} delete-table {new}   and run the same "
        "command again."
    )
    kept = f"{aws} create-backup {old} --backup-name {order.source}-last"
    steps = [
        missed,
        f"Have the application use {order.to}, and {declare}.",
        f"Look whether all is well: {target.narrowed(()).command('db.verify')}",
        f"Later, when nothing uses {order.source} any more, keep a backup of it: {kept}",
        f"If it has deletion protection: {aws} update-table {old} --no-deletion-protection-enabled",
        f"Delete it by hand: {aws} delete-table {old}",
    ]
    return ["The rest of the way:", *(f"{n}. {step}" for n, step in enumerate(steps, 1))]


def _data(migration: Migration) -> dict[str, Any]:
    order, record, new = migration.order, migration.record, migration.new
    begun = record if record and (migration.dumped or migration.harmed) else None
    left = migration.difference
    equal = migration.loaded and left is not None and not str(left)
    return {
        "tableName": order.source,
        "to": order.to or None,
        "stage": migration.stage.name.lower(),
        "keyBefore": str(migration.old_key) if record or migration.live else None,
        "keyAfter": str(order.table.key),
        "reasons": [action.target for action in migration.reasons],
        "transform": order.transform.source if order.transform else None,
        **_found(migration),
        "dump": str(begun.folder) if begun else None,
        "backup": dict(begun.backup) if begun and begun.backup else None,
        "continued": migration.continued,
        "deleted": migration.harmed,
        "created": migration.created,
        "checksum": "equal" if equal else "not compared",
        "extra": left.extra if left else 0,
        "streamBefore": (begun.stream or None) if begun else None,
        "streamAfter": (new.stream_arn or None) if new else None,
        "restOfTheWay": _way(migration)[1:] if begun and migration.loaded else [],
    }


def _found(migration: Migration) -> dict[str, Any]:
    """Return what the check found, for JSON."""
    found = migration.findings
    return {
        "mapping": list(found.words) if found else [],
        "itemsBefore": found.before.items if found else None,
        "itemsAfter": found.after.items if found else None,
        "itemsDropped": found.dropped if found else None,
        "itemsSplit": found.split if found else None,
        "collisions": found.collisions if found else None,
        "faults": dict(found.faults) if found else {},
        "examples": [{"before": b, "after": a} for b, a in found.pairs] if found else [],
    }
