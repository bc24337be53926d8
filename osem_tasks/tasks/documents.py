"""The ``db`` tasks that write declarations of live and of declared tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.config.commands import command as command_line
from osem_tasks.declarations.export.json_text import json_text
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome, counted
from osem_tasks.output.unmanaged import ignored_texts, unmanaged_texts
from osem_tasks.schema import requests
from osem_tasks.schema.compare_live import wanting_everything
from osem_tasks.schema.model import Key, Table
from osem_tasks.tasks import files
from osem_tasks.tasks.command import command
from osem_tasks.tasks.connect import declared_tables, open_target
from osem_tasks.tasks.narrow import only
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS
from osem_tasks.tasks.target import resolve_target
from osem_tasks.waiting.progress import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable
    from osem_tasks.tasks.job import Job

FORMATS = ("json", "cloudformation", "terraform")
OUTPUT = "Write to this file instead of stdout."


@command(
    TARGET_OPTIONS,
    texts={
        "from_table": "A live table to declare, by its full name. Repeatable; default: all "
        "that are named as the environment's are.",
        "output": OUTPUT,
    },
    repeatable=["from_table"],
)
def import_(
    job: Job, from_table: Sequence[str] | None = None, output: str | None = None
) -> Outcome:
    """Generate a declaration from live tables. Read-only.

    Example: inv db.import --from-table Orders --output tables.json
    """
    target, found = read_live(job, from_table or ())
    tables = [declaration_of(target, live) for live in found]
    document = {"Tables": [requests.document(table) for table in tables]}
    return _written(job, tables, document, json_text(document), output)


def read_live(job: Job, from_table: Sequence[str]) -> tuple[Target, list[LiveTable]]:
    """Return the target and its live tables of these names, without names the environment's own.

    Raises OsemError (TABLE_NOT_FOUND) for a table that is not there, and where there is none.
    """
    run = open_target(job, reading=True, unread=True)
    naming = run.target.naming
    with job.console.working("reading"):
        names = list(from_table) or sorted(name for name in run.store.names() if naming.owns(name))
        stubs = [Table(name=name, key=Key.parse("any S"), check=False) for name in names]
        step = Step("reading", len(stubs))
        job.console.begin(step)
        found = run.store.read_all([wanting_everything(stub) for stub in stubs], step)
    missing = [name for name in names if found[name] is None]
    if missing or not names:
        named = f"table {', '.join(missing)}"
        what = named if missing else f"table with the {naming}"
        raise OsemError(
            f"There is no {what}.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=run.target.command("db.list"),
        )
    return run.target, [live for live in found.values() if live]


def declaration_of(target: Target, live: LiveTable) -> Table:
    """Return the declaration of a live table, by its declared name, without the suite's tags."""
    from osem_tasks.declarations.properties import declared_part

    own = target.environment.all_tags.items()
    unreadable: dict[str, Any] = dict.fromkeys(live.unreadable)
    part = declared_part(replace(live.table, check=False, **unreadable))
    tags = tuple(pair for pair in part.tags or () if pair not in own) or None
    name = target.naming.declared(part.name) or part.name
    return replace(part, check=False, name=name, tags=tags)


@command(
    TARGET_OPTIONS,
    texts={"table": TABLE, "format": f"One of {', '.join(FORMATS)}.", "output": OUTPUT},
    repeatable=["table"],
    choices={"format": FORMATS},
)
def export(
    job: Job,
    format: str = "json",  # noqa: A002  the option is --format
    output: str | None = None,
    table: Sequence[str] | None = None,
) -> Outcome:
    """Export the declared tables as JSON, CloudFormation or Terraform.

    Example: inv db.export --format cloudformation --env prod --output tables.template.json
    """
    if format not in FORMATS:
        raise ConfigurationError(
            [f"--format must be one of {', '.join(FORMATS)}, not {format!r}"],
            remediation=command_line("db.export", "--format", "json"),
        )
    target = resolve_target(job)
    job.location.update(environment=target.environment.name)
    declared = declared_tables(job, target.context())
    chosen = only(target, target.tables_of(declared), table)
    for unmanaged in unmanaged_texts(chosen):
        job.console.warn(f"Not exported, because it is not managed here: {unmanaged}")
    for ignored in ignored_texts(chosen):
        job.console.warn(
            "The export does not say that something else sets these facts; where it is declared, "
            f"osem.ignore must name them: {ignored}"
        )
    tables = list(chosen)
    document: dict[str, Any] = {"Tables": [requests.document(table) for table in tables]}
    # Imported here: a list of tasks needs no writer.
    from osem_tasks.declarations.export import cloudformation, terraform

    if format == "cloudformation":
        document = cloudformation.write_template(tables)
    text = terraform.write_terraform(tables) if format == "terraform" else json_text(document)
    return _written(
        job, tables, {"text": text} if format == "terraform" else document, text, output
    )


def _written(
    job: Job, tables: list[Table], document: dict[str, Any], text: str, output: str | None
) -> Outcome:
    count = counted(len(tables), "table")
    if not output or job.dry:
        lines = [Line(Mark.PLAIN, line) for line in text.rstrip("\n").split("\n")]
        return Outcome(data={"document": document}, lines=lines)
    files.write(output, text)
    return Outcome(
        data={"file": output, "document": document},
        summary=Line(Mark.DONE, f"{count} written to {output}"),
    )
