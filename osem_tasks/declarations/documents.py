"""Declarations as documents in the form of CreateTable, as the AWS CLI reads and writes it.

Omitted settings are not declared. What DescribeTable prints as AWS's own default is no
declaration either: every description of a table has ``DeletionProtectionEnabled: false``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import shape
from osem_tasks.declarations.properties import read_table
from osem_tasks.declarations.values import KeyPath, Place, Problem, RefusedError
from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

# What stands around tables: the words of the AWS CLI, and of jest-dynamodb's configuration.
_LISTS = ("Tables", "tables")
_WRAPPERS = ("Table", "TableDescription")
_BACKUPS = "ContinuousBackupsDescription"
# The most members of something else that a message names.
_NAMED = 5
_WANTED = "the file must hold a table, a list of tables, or {'Tables': [...]}"


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
        for name in _LISTS:
            if name in document:
                _refuse_properties_beside(document, name, path)
                return _entries(document[name], (*path, name))
        return [_entry(document, path)]
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [_entry(entry, (*path, position)) for position, entry in enumerate(document)]
    raise ModelError([_WANTED])


def _entry(entry: object, path: KeyPath) -> tuple[KeyPath, object]:
    if isinstance(entry, Mapping):
        for wrapper in _WRAPPERS:
            if wrapper in entry:
                _refuse_properties_beside(entry, wrapper, path)
                return (*path, wrapper), _with_backups(entry[wrapper], entry)
        known = (*shape.TABLE.members, *shape.TABLE.unmanaged, *shape.TABLE.state)
        if not any(name in entry for name in known):
            names = ", ".join(map(shown, list(entry)[:_NAMED])) or "nothing"
            raise ModelError([f"a mapping of {names} is no table as CreateTable has it; {_WANTED}"])
    return path, entry


def _refuse_properties_beside(document: Mapping[str, Any], wrapper: str, path: KeyPath) -> None:
    """Refuse what would be lost: a property of a table that stands beside the table.

    Other members are none of the declaration: ResponseMetadata, a port, sample data.
    """
    place = Place("", path)
    known = (*shape.TABLE.members, *shape.TABLE.unmanaged)
    lost = [name for name in document if name in known and name != _BACKUPS]
    if lost:
        raise RefusedError([place.at(name).sentence(f"belongs into {wrapper}") for name in lost])


def _with_backups(table: object, entry: Mapping[str, object]) -> object:
    """Return a described table with what describe-continuous-backups prints beside it."""
    if _BACKUPS not in entry or not isinstance(table, Mapping):
        return table
    return {**table, _BACKUPS: entry[_BACKUPS]}
