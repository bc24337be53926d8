"""The error for tables in a state that does not end by itself: nobody has to wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.difference import IssueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable

NOT_ACTIVE = IssueType.TABLE_NOT_ACTIVE.value


def stuck_error(target: Target, tables: Sequence[LiveTable]) -> OsemError:
    """Return the error (SCHEMA_VALIDATION_FAILED) that names every stuck part of ``tables``."""
    states = [(live.table.name, stuck) for live in tables for stuck in live.stuck]
    told = "; ".join(f"{name} {stuck}" for name, stuck in states)
    advice = "; ".join(dict.fromkeys(f"{stuck.state}: {stuck.advice}" for _, stuck in states))
    return OsemError(
        f"{told}: that does not end by itself.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=f"{advice}; then: {target.command('db.verify')}",
        table=tables[0].table.name if len(tables) == 1 else None,
        details={
            "issues": [
                {"tableName": name, "type": NOT_ACTIVE, "path": stuck.path, "found": stuck.state}
                for name, stuck in states
            ]
        },
    )
