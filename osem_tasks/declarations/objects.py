"""Read tables from a Python object: Table values, CreateTable requests, PynamoDB models."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.declarations import pynamodb
from osem_tasks.declarations.limits import MAX_TABLES
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Table, TableSet
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

# The most unexpected objects that a message names.
MAX_NAMED = 5
# What tells a request, or an answer that holds some, from a mapping of names to tables.
_OF_REQUESTS = ("TableName", "KeySchema", "Table", "Tables", "TableDescription")
WANTED = (
    "wanted are Table values, CreateTable requests as dicts, PynamoDB models, a list of them, "
    "a dict by name, or a function that returns them"
)


def read(found: Any) -> tuple[Table, ...]:
    """Return the tables that an object holds or, if it is a function, returns.

    Raises ModelError with every problem, and whatever the function raises.
    """
    if callable(found) and not isinstance(found, type):
        found = found()
    if inspect.iscoroutine(found):
        found.close()  # else Python warns that nobody awaited it
        raise ModelError([f"it is an async function; {WANTED}"])
    entries = _entries(found)
    strangers = [shown(entry) for entry in entries if not _is_declaration(entry)]
    if strangers:
        raise ModelError([f"it holds {', '.join(strangers[:MAX_NAMED])}; {WANTED}"])
    tables: list[Table] = []
    problems: list[str] = []
    for entry in entries:
        try:
            tables += _tables(entry)
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(problems)
    return tuple(tables)


def _entries(found: Any) -> Sequence[Any]:
    if isinstance(found, TableSet):
        return found.tables
    if isinstance(found, Mapping) and not any(name in found for name in _OF_REQUESTS):
        return list(itertools.islice(found.values(), MAX_TABLES + 1))
    if isinstance(found, (Mapping, str, bytes, type)) or not isinstance(found, Iterable):
        return [found]
    return list(itertools.islice(found, MAX_TABLES + 1))


def _is_declaration(entry: Any) -> bool:
    return isinstance(entry, (Table, Mapping)) or pynamodb.is_model(entry)


def _tables(entry: Any) -> Sequence[Table]:
    if isinstance(entry, Table):
        return [entry]
    from osem_tasks.declarations.documents import read_document

    if isinstance(entry, Mapping):
        return read_document(entry)
    return [pynamodb.noted(entry, table) for table in read_document(pynamodb.request(entry))]
