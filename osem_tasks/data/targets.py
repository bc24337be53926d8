"""Which export goes into which table. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.quoting import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.naming import Naming
    from osem_tasks.data.layout import Export


def pairs_of(
    run: Run,
    found: Sequence[Export],
    only: Sequence[str],
    environments: Iterable[Environment],
) -> tuple[list[tuple[Export, str]], list[Export]]:
    """Return each export with the name of its table, and the exports that a later one replaces.

    ``only`` are the tables to load, by their full names; empty for all exports. Raises OsemError.
    """
    newest, older = latest(found)
    if len(only) == 1 and len(newest) == 1:
        return [(newest[0], only[0])], older
    namings = [run.target.naming, *(environment.naming for environment in environments)]
    names = [_target(run, export, namings) for export in newest]
    unknown = [export for export, name in zip(newest, names, strict=True) if not name]
    pairs = [(export, name) for export, name in zip(newest, names, strict=True) if name]
    if only:
        pairs = [(export, name) for export, name in pairs if name in only]
        missing = [name for name in only if name not in {name for _, name in pairs}]
        if missing:
            raise _none_for(missing, newest)
    elif unknown:
        raise _no_table(run, unknown)
    _refuse_two(pairs)
    return pairs, older


def latest(found: Sequence[Export]) -> tuple[list[Export], list[Export]]:
    """Return the latest export of every table, and the others; of equal times, the later id."""
    newest: dict[str, Export] = {}
    older = []
    for export in sorted(found, key=lambda export: (export.exported, export.id)):
        if export.table in newest:
            older.append(newest[export.table])
        newest[export.table] = export
    return list(newest.values()), older


def _target(run: Run, export: Export, namings: Sequence[Naming]) -> str:
    """Return the full name of the table that an export is for; empty if there is none."""
    naming = run.target.naming
    candidates = [export.declared] if export.declared else []
    candidates += [known.declared(export.table) or "" for known in namings]
    candidates.append(export.table)
    for declared in filter(None, candidates):
        for name in (naming.real(declared), declared):
            if name in run.tables.names:
                return name
    return ""


def _none_for(missing: Sequence[str], latest: Sequence[Export]) -> OsemError:
    dumps = ", ".join(export.declared or export.table for export in latest)
    return OsemError(
        f"The folder has no dump for {', '.join(missing)}; it has those of {dumps}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Name one of them by --table, or the folder of one dump: --input DIR/TABLE",
    )


def _no_table(run: Run, unknown: Sequence[Export]) -> OsemError:
    names = [run.target.naming.declared(name) or name for name in run.tables.names]
    first = unknown[0].declared or unknown[0].table
    listed = ", ".join(export.declared or export.table for export in unknown)
    return OsemError(
        f"No table of this environment is declared for the dump of {listed}"
        f"{closest(first, names)}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Name the table for it: "
        + run.target.command("db.load", "--input", str(unknown[0].folder), "--table", "NAME"),
    )


def _refuse_two(pairs: Sequence[tuple[Export, str]]) -> None:
    """Refuse two exports of different tables for one table: which one is meant is not clear."""
    seen: dict[str, Export] = {}
    for export, name in pairs:
        if name in seen:
            raise OsemError(
                f"Two dumps are for {name}: {seen[name].folder} and {export.folder}.",
                code=ErrorCode.INVALID_CONFIGURATION,
                remediation="Name the folder of one of them: --input DIR",
                table=name,
            )
        seen[name] = export
