"""Read the items of a seed from a folder: a dump of ``db.dump``, or an export of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.data import exports, layout, lines, targets
from osem_tasks.data.seed_files import Place, Record
from osem_tasks.errors import OsemError
from osem_tasks.schema.quoting import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.data.layout import Export
    from osem_tasks.schema.model import Table

_HINT = "it is a folder: name its files, such as seed/*.jsonl, or a folder that db.dump wrote"


def read(folder: Path, shown_path: str, tables: Mapping[str, Table]) -> Iterator[Record]:
    """Yield the items of the latest export of every table at or below ``folder``.

    ``tables`` are the declared ones, by their declared names. Raises ValueError with the problem
    on one line: a folder that holds no complete export, files that were changed, an unknown table.
    """
    try:
        paths = exports.find(folder)
    except OsemError as error:
        raise ValueError(f"{_HINT}. {_sentence(error)}") from error
    try:
        yield from _records(folder, shown_path, paths, tables)
    except OsemError as error:
        raise ValueError(_sentence(error)) from error


def _sentence(error: OsemError) -> str:
    """Return the message alone: the remedies of exports name options, and a seed has none."""
    return error.message.rstrip(".")


def _records(
    folder: Path, shown_path: str, paths: list[Path], tables: Mapping[str, Table]
) -> Iterator[Record]:
    found, _ = targets.latest([exports.read(path) for path in paths])
    pairs = [(export, _table(export, tables)) for export in found]
    for export, name in pairs:
        exports.check(export)
        for item in lines.items(export):
            path = export.path(export.files[item.file]).relative_to(folder)
            yield Record(name, {"Item": item.item}, Place(str(Path(shown_path) / path), item.line))


def _table(export: Export, tables: Mapping[str, Table]) -> str:
    """Return the declared table of an export: of that name, or of the folder above it."""
    above = export.folder.parent
    folder = above.parent.name if above.name == layout.ROOT else ""
    for name in (export.declared, export.table, folder):
        if name in tables:
            return name
    name = export.declared or export.table
    raise ValueError(
        f"{export.folder} is of {name}, which is not a table{nearest(name, tables)}; the folder "
        f"that holds {layout.ROOT} may have the table's name"
    )
