"""Declarations as documents in the form of CreateTable, as the AWS CLI reads and writes it.

Omitted settings are not declared. What DescribeTable prints as AWS's own default is no
declaration either: every description of a table has ``DeletionProtectionEnabled: false``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import shape
from osem_tasks.errors import ModelError
from osem_tasks.schema.facts import SETTINGS
from osem_tasks.schema.model import NO_LIMIT
from osem_tasks.schema.quoting import shown
from osem_tasks.schema.reader import declared_table

if TYPE_CHECKING:
    from osem_tasks.schema.facts import Setting
    from osem_tasks.schema.model import Table

# Members that only a description of a table has.
DESCRIBED = frozenset(
    ("TableStatus", "TableArn", "TableId", "CreationDateTime", "ItemCount", "TableSizeBytes")
)


def read_document(content: object) -> tuple[Table, ...]:
    """Return the tables of a parsed file: one table, a list, or ``{"Tables": [...]}``.

    Raises ModelError with every problem of every table.
    """
    problems: list[str] = []
    tables: list[Table] = []
    for position, entry in enumerate(_entries(content)):
        try:
            tables.append(read_table(entry, f"table {position + 1}"))
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(problems)
    return tuple(tables)


def read_table(properties: object, where: str, name: str | None = None) -> Table:
    """Read one table of any dialect. ``where`` identifies it in a problem until it has a name.

    ``name`` replaces an omitted TableName. Raises ModelError.
    """
    if not isinstance(properties, Mapping):
        raise ModelError([f"{where}: must be a mapping as CreateTable takes it"])
    table_name = properties.get("TableName", name)
    if not isinstance(table_name, str):
        raise ModelError([f"{where}: TableName must be a string, not {shown(table_name)}"])
    checker = shape.Checker()
    given = checker.checked(properties, shape.TABLE)
    problems = checker.problems
    if not problems:
        try:
            table = declared_table(table_name, given)
            return _without_defaults(table) if DESCRIBED & properties.keys() else table
        except KeyError as error:
            problems = [f"{error.args[0]} is missing"]
        except ValueError as error:
            problems = [str(error)]
    before = f"table {shown(table_name)}: not as CreateTable has it: "
    raise ModelError([before + problem for problem in problems])


def declared_part(table: Table) -> Table:
    """Return the declaration of a live table, without AWS's defaults."""
    return _without(table, SETTINGS)


def _without_defaults(table: Table) -> Table:
    """Return the declaration of a description, without the defaults that it prints."""
    return _without(table, [setting for setting in SETTINGS if not setting.own_call])


def _without(table: Table, settings: Iterable[Setting]) -> Table:
    """Return ``table`` without AWS's defaults of ``settings`` and of on-demand limits."""
    undeclared: dict[str, Any] = {
        setting.field: None
        for setting in settings
        if getattr(table, setting.field) == setting.default
    }
    if table.max_throughput == NO_LIMIT:
        undeclared["max_throughput"] = None
    indexes = tuple(
        replace(index, max_throughput=None) if index.max_throughput == NO_LIMIT else index
        for index in table.global_indexes
    )
    return replace(table, global_indexes=indexes, **undeclared)


def _entries(document: object) -> Sequence[object]:
    if isinstance(document, Mapping):
        if "Tables" in document:
            return _entries(document["Tables"])
        return [document.get("Table", document)]
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [
            entry.get("Table", entry) if isinstance(entry, Mapping) else entry for entry in document
        ]
    raise ModelError(["the file must hold a table, a list of tables, or {'Tables': [...]}"])
