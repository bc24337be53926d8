"""Show the plans and the results of a dump and a load."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted, size
from osem_tasks.schema.requests import import_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from osem_tasks.data.dump import Dumped, Source
    from osem_tasks.data.layout import Export
    from osem_tasks.data.load import Loaded


def dump_plan(sources: Sequence[Source], folder: Path) -> Outcome:
    """Return what a dump would write; the counts are DynamoDB's own, which may be old."""
    rows = [
        (source.declared, _items(source.live.items), size(source.live.size)) for source in sources
    ]
    return Outcome(
        data={
            "output": str(folder),
            "tables": [
                {
                    "tableName": source.live.table.name,
                    "items": source.live.items,
                    "size": source.live.size,
                    "masked": dict(source.masking.rules) if source.masking else {},
                }
                for source in sources
            ],
        },
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(
            Mark.INFO,
            f"{counted(len(sources), 'table')} would be dumped to {folder}; nothing was written",
        ),
    )


def dumped_line(names: Sequence[str], dumped: Dumped) -> Line:
    """Return the line of a complete dump, aligned with those of all ``names``."""
    text = f"{counted(dumped.items, 'item')}, {size(dumped.size)}"
    if dumped.finished_before:
        text += ", complete since an earlier run"
    elif dumped.continued:
        text += f", {dumped.continued:,} of them by an earlier run"
    if dumped.source.masking:
        text += f", {counted(len(dumped.source.masking.rules), 'attribute')} masked"
    return Line(Mark.DONE, f"{dumped.source.declared:{max(map(len, names))}}  {text}")


def dump_outcome(
    names: Sequence[str],
    done: Sequence[Dumped],
    folder: Path,
    load: str,
    error: OsemError | None,
) -> Outcome:
    """Return the outcome of a dump of the tables ``names``; ``load`` is the command to load it."""
    left = [name for name in names if name not in {dumped.source.declared for dumped in done}]
    items = _items(sum(dumped.items for dumped in done))
    summary = f"{items} of {counted(len(done), 'table')} dumped to {folder}"
    if error and left:
        summary += f"; not complete: {', '.join(left)} (the same command continues)"
    lines = [dumped_line(names, dumped) for dumped in done]
    if done and not error:
        lines.append(Line(Mark.DETAIL, f"to load it: {load}"))
    return Outcome(
        data={
            "output": str(folder),
            "tablesDumped": [_dumped(dumped) for dumped in done],
            "tablesNotDumped": left,
        },
        lines=lines,
        summary=Line(Mark.FAILED if error else Mark.DONE, summary),
        error=error,
    )


def _items(number: int) -> str:
    return f"{number:,} {'item' if number == 1 else 'items'}"


def _dumped(dumped: Dumped) -> dict[str, Any]:
    masking = dumped.source.masking
    return {
        "tableName": dumped.source.live.table.name,
        "folder": str(dumped.folder),
        "items": dumped.items,
        "files": dumped.files,
        "size": dumped.size,
        "continued": dumped.items if dumped.finished_before else dumped.continued,
        "masked": dict(masking.rules) if masking else {},
    }


def native_export(run: Run, large: Sequence[Source], most: int) -> None:
    """Raise OsemError if tables are so ``large`` that AWS's own export does better."""
    if not large:
        return
    rows = [f"{source.live.table.name} ({size(source.live.size)})" for source in large]
    lines = [line for source in large for line in _native_commands(run, source)]
    raise OsemError(
        f"Larger than {size(most)}: {', '.join(rows)}. AWS's own export to S3 reads no table and "
        "consumes no capacity. It needs point-in-time recovery; the first command turns it on, "
        "and the export can begin from then on.",
        code=ErrorCode.CONFIRMATION_REQUIRED,
        remediation="\n".join(lines)
        + f"\nor, to dump it all the same: {run.target.command('db.dump', '--force')}",
        details={"tables": [source.live.table.name for source in large]},
    )


def _native_commands(run: Run, source: Source) -> list[str]:
    live, region = source.live, run.store.connection.region
    name, folder = live.table.name, f"dumps/{source.declared}"
    recover = (
        f"aws dynamodb update-continuous-backups --table-name {name} --region {region} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    )
    export = (
        f"aws dynamodb export-table-to-point-in-time --table-arn {live.arn} --region {region} "
        f"--s3-bucket BUCKET --s3-prefix {source.declared} --export-format DYNAMODB_JSON"
    )
    sync = f"aws s3 sync s3://BUCKET/{source.declared} {folder}"
    load = run.target.command("db.load", "--input", folder)
    return [recover, export, sync, load, _import_command(source, region)]


def _import_command(source: Source, region: str) -> str:
    table = source.live.table
    if table.local_indexes:
        return f"(aws dynamodb import-table makes no local indexes, and {table.name} has some)"
    parameters = shlex.quote(json.dumps(import_parameters(table, "NEW-TABLE")))
    return (
        f"aws dynamodb import-table --region {region} --input-format DYNAMODB_JSON "
        "--input-compression-type GZIP --s3-bucket-source "
        f"S3Bucket=BUCKET,S3KeyPrefix={source.declared}/AWSDynamoDB/ID/data/ "
        f"--table-creation-parameters {parameters}   into a new table, instead of the last two"
    )


def load_plan(pairs: Sequence[tuple[Export, str]]) -> Outcome:
    """Return what a load would write into which table."""
    rows = [
        (name, _items(export.items), f"from {export.table}, {export.exported}")
        for export, name in pairs
    ]
    return Outcome(
        data={"tables": [{"tableName": name, **_export(export)} for export, name in pairs]},
        lines=[Line(Mark.PLAIN, text) for text in aligned(rows)],
        summary=Line(
            Mark.INFO,
            f"{counted(len(pairs), 'table')} would be loaded; nothing was written",
        ),
    )


def loaded_line(names: Sequence[str], loaded: Loaded) -> Line:
    """Return the line of a complete load, aligned with those of all ``names``."""
    text = f"{counted(loaded.items, 'item')} written"
    if loaded.continued:
        text += f", {loaded.continued:,} of them by an earlier run"
    if loaded.before:
        text += f"; the table had {loaded.before:,} before and has {loaded.after:,} now"
    else:
        text += f"; the table was empty and has {loaded.after:,} now"
    if loaded.checked:
        text += ", checksum equal"
    return Line(Mark.DONE, f"{loaded.table:{max(map(len, names))}}  {text}")


def load_outcome(
    names: Sequence[str], done: Sequence[Loaded], begun: int, error: OsemError | None
) -> Outcome:
    """Return the outcome of a load into the tables ``names``, of which ``begun`` were begun."""
    left = [name for name in names if name not in {loaded.table for loaded in done}]
    items = _items(sum(loaded.items for loaded in done))
    summary = f"{items} loaded into {counted(len(done), 'table')}"
    if error and left:
        summary += f"; not complete: {', '.join(left)}"
    return Outcome(
        data={
            "tablesLoaded": [_loaded(loaded) for loaded in done],
            "tablesNotLoaded": left,
        },
        lines=[loaded_line(names, loaded) for loaded in done],
        summary=Line(Mark.FAILED if error else Mark.DONE, summary),
        error=error,
        changed=bool(done or begun),
    )


def _export(export: Export) -> dict[str, Any]:
    return {
        "folder": str(export.folder),
        "fromTable": export.table,
        "exported": export.exported,
        "items": export.items,
        "masked": export.masked,
    }


def _loaded(loaded: Loaded) -> dict[str, Any]:
    return {
        "tableName": loaded.table,
        **_export(loaded.export),
        "items": loaded.items,
        "continued": loaded.continued,
        "itemsBefore": loaded.before,
        "itemsAfter": loaded.after,
        "checksum": "equal" if loaded.checked else "not compared",
    }
