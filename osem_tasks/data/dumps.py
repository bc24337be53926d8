"""Dump several tables, one folder each; after a kill the same command continues all of them.

A record in the output folder names the folders of the dump that is under way. It goes when all of
its tables are complete: the next dump then begins anew, in folders of its own.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.items import ItemStore
from osem_tasks.data import folders, layout
from osem_tasks.data.dump import dump_table
from osem_tasks.data.layout import SUMMARY
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from osem_tasks.apply.run import Run
    from osem_tasks.data.dump import Dumped, Options, Source

RECORD, LOCK = ".osem-dump.json", ".osem-dump.lock"
_ID = re.compile(r"\d{14}-[0-9a-f]{8}", re.ASCII)


def dump_tables(
    run: Run,
    sources: Sequence[Source],
    output: Path,
    options: Options,
    finished: Callable[[Dumped], None],
) -> None:
    """Dump every table to ``output/<declared name>/AWSDynamoDB/<id>``.

    ``finished`` is called with every dump once it is complete. Raises OsemError.
    """
    new = not output.exists()
    folders.make(output)
    with locked(output):
        if new:
            folders.ignore_in_git(output)
        store = ItemStore(run.store.connection)
        place = [run.target.endpoint or "aws", run.store.connection.region]
        ids = _ids(output, [source.declared for source in sources], place)
        for source in sources:
            folder = _folder(output, source.declared, ids[source.declared])
            finished(dump_table(run, store, source, folder, options))
        _forget_finished(output, ids)


def locked(output: Path) -> AbstractContextManager[None]:
    """Refuse (INVALID_CONFIGURATION) if another process dumps to ``output``."""
    busy = OsemError(
        f"Another command is writing to {output}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Wait for it to end, or name another folder: --output DIR",
    )
    return folders.locked(output / LOCK, busy)


def _folder(output: Path, declared: str, name: str) -> Path:
    return output / declared / layout.ROOT / name


def _ids(output: Path, names: Sequence[str], place: list[str]) -> dict[str, str]:
    """Return the id of the dump under way for every table, new ones for new tables."""
    recorded = _recorded(output, place)
    new = layout.new_id(datetime.now(timezone.utc))
    ids = {**recorded, **{name: new for name in names if name not in recorded}}
    _keep(output, ids, place)
    return ids


def _keep(output: Path, ids: dict[str, str], place: list[str]) -> None:
    content = json.dumps({"place": place, "tables": ids}, ensure_ascii=False)
    folders.replace(output / RECORD, content.encode())


def _recorded(output: Path, place: list[str]) -> dict[str, str]:
    """Return the ids of a dump of the same place that is not complete; a record is a claim."""
    try:
        with folders.reading(output / RECORD):
            found: Any = json.loads((output / RECORD).read_bytes()[:1_000_000])
    except (OsemError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("place") != place:
        return {}
    tables = found.get("tables")
    known = tables.items() if isinstance(tables, dict) else ()
    return {
        name: text
        for name, text in known
        if isinstance(text, str) and _ID.fullmatch(text) and "/" not in name and name != ".."
    }


def _forget_finished(output: Path, ids: dict[str, str]) -> None:
    """Remove the record once every table in it is complete."""
    if all((_folder(output, name, id_) / SUMMARY).exists() for name, id_ in ids.items()):
        with folders.writing(output / RECORD):
            (output / RECORD).unlink(missing_ok=True)
