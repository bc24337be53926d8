"""The ``db`` tasks that write declarations: of live tables, and of the declared ones."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks import report
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.report import Line, Mark, Outcome
from osem_tasks.schema import cloudformation, declaration, terraform
from osem_tasks.schema.comparison import wanting_everything
from osem_tasks.schema.model import Key, Table
from osem_tasks.tasks import files
from osem_tasks.tasks.boundary import Job, command
from osem_tasks.tasks.database import (
    COMMON,
    Database,
    declared_tables,
    open_database,
    resolve_target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.schema.live import LiveTable

FORMATS = ("json", "cloudformation", "terraform")
OUTPUT = "Write to this file instead of stdout."


@command(
    COMMON,
    texts={
        "from_table": "A live table to declare, by its full name. Repeatable; default: all "
        "that have the environment's prefix.",
        "output": OUTPUT,
    },
    repeatable=["from_table"],
)
def import_(job: Job, from_table: Sequence[str] | None = None, output: str = "") -> Outcome:
    """Write the declaration of live tables, for osem.tables; changes nothing.

    Example: inv db.import --from-table Orders --output tables.json
    """
    database = open_database(job)
    prefix = database.target.prefix
    with job.console.working("reading"):
        names = list(from_table or ()) or sorted(
            name for name in database.store.names() if name.startswith(prefix)
        )
        stubs = [Table(name=each, key=Key.parse("any S"), check=False) for each in names]
        found = database.store.read_all([wanting_everything(each) for each in stubs])
    missing = [name for name in names if found[name] is None]
    if missing or not names:
        named = f"table {', '.join(missing)}"
        what = named if missing else f"table that begins with '{prefix}'"
        raise OsemError(
            f"There is no {what}.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=f"inv db.list --env {database.target.environment.name}",
        )
    tables = [_declared(database, live) for live in found.values() if live]
    document = {"Tables": [declaration.write_table(each) for each in tables]}
    return _written(job, tables, document, _pretty(document), output)


def _declared(database: Database, live: LiveTable) -> Table:
    """What a team would declare of a live table: unprefixed, without the suite's own tags."""
    target = database.target
    own = target.environment.all_tags.items()
    unreadable: dict[str, Any] = dict.fromkeys(live.unreadable)
    part = declaration.declared_part(replace(live.table, check=False, **unreadable))
    tags = tuple(pair for pair in part.tags or () if pair not in own) or None
    name = part.name.removeprefix(target.prefix) or part.name
    return replace(part, check=False, name=name, tags=tags)


@command(
    COMMON,
    texts={"format": f"One of {', '.join(FORMATS)}.", "output": OUTPUT},
)
def export(job: Job, format: str = "json", output: str = "") -> Outcome:  # noqa: A002
    """Write the declared tables out, as the environment is to hold them.

    Example: inv db.export --format cloudformation --env prod --output tables.template.json
    """
    if format not in FORMATS:
        raise ConfigurationError(
            [f"--format must be one of {', '.join(FORMATS)}, not {format!r}"],
            remediation="inv db.export --format json",
        )
    target = resolve_target(job)
    job.place.update(environment=target.environment.name)
    tables = list(target.place(declared_tables(job)))
    document: dict[str, Any] = {"Tables": [declaration.write_table(each) for each in tables]}
    if format == "cloudformation":
        document = cloudformation.write_template(tables)
    text = terraform.write_terraform(tables) if format == "terraform" else _pretty(document)
    return _written(
        job, tables, {"text": text} if format == "terraform" else document, text, output
    )


def _pretty(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _written(
    job: Job, tables: list[Table], document: dict[str, Any], text: str, output: str
) -> Outcome:
    count = report.counted(len(tables), "table")
    if not output or job.dry:
        lines = [Line(Mark.PLAIN, line) for line in text.rstrip("\n").split("\n")]
        return Outcome(data={"document": document}, lines=lines)
    files.write(output, text)
    return Outcome(
        data={"file": output, "document": document},
        summary=Line(Mark.DONE, f"{count} written to {output}"),
    )
