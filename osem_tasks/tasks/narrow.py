"""Narrow a task to the tables that ``--table`` names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.config.target import Target
    from osem_tasks.schema.model import TableSet


def narrowed(run: Run, names: Sequence[str] | None) -> Run:
    """Return the run for these tables only, or for all tables without ``names``.

    Its target repeats the tables in every command. Raises ConfigurationError.
    """
    if not names:
        return run
    from osem_tasks.apply.run import Journal

    tables = only(run.target, run.tables, names)
    target = run.target.narrowed(tables.names)
    return replace(run, target=target, tables=tables, journal=Journal(tables.names))


def only(target: Target, real: TableSet, names: Sequence[str] | None) -> TableSet:
    """Return the ``real`` tables that ``names`` name, in the model's order.

    A table's full name and its name in the model are both accepted. Raises ConfigurationError for a name that is neither.
    """
    if not names:
        return real
    from osem_tasks.schema.model import TableSet
    from osem_tasks.schema.quoting import closest

    # A full name comes last, so that it wins over a name in the model.
    known = {target.naming.declared(name) or name: name for name in real.names}
    known |= {name: name for name in real.names}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            [
                f"--table {name} is not a table of this environment; they are "
                f"{', '.join(real.names)}{closest(name, known)}"
                for name in unknown
            ],
            remediation=f"{target.command('db.list')}   shows the environment's tables",
        )
    chosen = {known[name] for name in names}
    return TableSet(tuple(table for table in real if table.name in chosen))
