"""Load the declared tables from a Python object, a file, or OSEM's own declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import cloudformation, documents, parsing, python
from osem_tasks.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.schema.model import Table, TableSet

FILES = (".json", ".yaml", ".yml", ".template")
# The most problems of one file that a message lists.
MAX_PROBLEMS = 50


def load(source: str, root: Path) -> TableSet:
    """Return the tables of ``source``; paths and modules are relative to the project's ``root``.

    Raises ConfigurationError or ModelError.
    """
    if source.endswith(FILES):
        return _from_file(root / source)
    return python.from_module(source, root)


def _from_file(path: Path) -> TableSet:
    try:
        contents = parsing.read_documents(path, short_forms=True)
    except ValueError as error:
        problem = f"osem.tables: {path}: {error}"
        raise ConfigurationError([problem], remediation=python.REMEDY) from error
    try:
        tables = tuple(table for content in contents for table in _read(content))
        return python.table_set(str(path), tables, [])
    except ModelError as error:
        problems = [f"{path}: {problem}" for problem in error.problems]
        left_out = len(problems) - MAX_PROBLEMS
        if left_out > 0:
            problems[MAX_PROBLEMS:] = [f"{path}: and {left_out:,} more"]
        raise ModelError(problems) from error


def _read(content: Any) -> tuple[Table, ...]:
    if cloudformation.is_template(content):
        return cloudformation.read_template(content)
    return documents.read_document(content)
