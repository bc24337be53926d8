"""The values of the options of the tasks that move items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osem_tasks.config.settings import option
from osem_tasks.config.values import number_of
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.live import ACTIVE

if TYPE_CHECKING:
    from osem_tasks.apply.run import Run
    from osem_tasks.schema.live import LiveTable

# A table that is being changed goes on serving items.
_READABLE = (ACTIVE, "UPDATING")
_UNITS = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?B?)", re.IGNORECASE | re.ASCII)


def rate_of(given: str | None) -> int | None:
    """Return the capacity units a second. Raises ConfigurationError."""
    return None if given is None else option("--rate", given, number_of("capacity units"))


def size_of(value: Any) -> int:
    """Check a number of bytes such as ``10GB``. Raises ValueError with a message."""
    found = _SIZE.fullmatch(str(value).strip())
    unit = found[2].upper() if found else "?"
    if found is None or unit not in _UNITS:
        msg = 'must be a size such as "500MB" or "10GB"'
        raise ValueError(msg)
    return int(float(found[1]) * _UNITS[unit])


def read_tables(run: Run) -> dict[str, LiveTable]:
    """Return every table of ``run`` by its name. Raises OsemError unless all are ACTIVE."""
    found = run.store.describe_all(run.tables)
    missing = [name for name, live in found.items() if live is None]
    if missing:
        raise OsemError(
            f"There is no table {', '.join(missing)}.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=f"{run.target.command('db.setup')}   or name the tables: --table NAME",
            details={"tables": missing},
        )
    tables = {name: live for name, live in found.items() if live}
    for name, live in tables.items():
        if live.status not in _READABLE:
            raise OsemError(
                f"Table {name} is {live.status}: its items cannot be reached.",
                code=ErrorCode.SCHEMA_VALIDATION_FAILED,
                remediation=f"{run.target.command('db.list')}   shows when it is ACTIVE",
                table=name,
            )
    return tables
