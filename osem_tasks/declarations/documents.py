"""Declarations as documents in the form of CreateTable, as the AWS CLI reads and writes it.

Omitted settings are not declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from osem_tasks.declarations.properties import declared_part as declared_part
from osem_tasks.declarations.properties import read_table as read_table
from osem_tasks.errors import ModelError

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table


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
