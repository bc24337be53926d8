"""Declarations as documents in the form of CreateTable, as the AWS CLI reads and writes it.

Omitted settings are not declared. What DescribeTable prints as AWS's own default is no
declaration either: every description of a table has ``DeletionProtectionEnabled: false``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from osem_tasks.declarations.properties import read_table
from osem_tasks.declarations.values import KeyPath, Problem, RefusedError
from osem_tasks.errors import ModelError

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

_BACKUPS = "ContinuousBackupsDescription"


def read_document(content: object) -> tuple[Table, ...]:
    """Return the tables of a parsed file: one table, a list, or ``{"Tables": [...]}``.

    Raises ModelError with every problem of every table.
    """
    problems: list[Problem] = []
    tables: list[Table] = []
    for position, (path, entry) in enumerate(_entries(content)):
        try:
            tables.append(read_table(entry, f"table {position + 1}", path=path))
        except RefusedError as error:
            problems += error.found
    if problems:
        raise RefusedError(problems)
    return tuple(tables)


def _entries(document: object, path: KeyPath = ()) -> Sequence[tuple[KeyPath, object]]:
    """Return the tables of a document with their paths."""
    if isinstance(document, Mapping):
        if "Tables" in document:
            return _entries(document["Tables"], (*path, "Tables"))
        return [_entry(document, path)]
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [_entry(entry, (*path, position)) for position, entry in enumerate(document)]
    raise ModelError(["the file must hold a table, a list of tables, or {'Tables': [...]}"])


def _entry(entry: object, path: KeyPath) -> tuple[KeyPath, object]:
    if isinstance(entry, Mapping):
        # What describe-table and create-table print around a table.
        for wrapper in ("Table", "TableDescription"):
            if wrapper in entry:
                return (*path, wrapper), _with_backups(entry[wrapper], entry)
    return path, entry


def _with_backups(table: object, entry: Mapping[str, object]) -> object:
    """Return a described table with what describe-continuous-backups prints beside it."""
    if _BACKUPS not in entry or not isinstance(table, Mapping):
        return table
    return {**table, _BACKUPS: entry[_BACKUPS]}
