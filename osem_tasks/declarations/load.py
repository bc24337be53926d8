"""Load the declared tables from the sources that ``osem.tables`` names.

A source is a Python object (``package.module:NAME``), a file, or a pattern of files.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.declarations import python
from osem_tasks.declarations.context import Context
from osem_tasks.declarations.limits import MAX_TABLES
from osem_tasks.declarations.parameters import misspelt
from osem_tasks.declarations.sources import FOREIGN, Found
from osem_tasks.declarations.values import Problem, RefusedError
from osem_tasks.errors import ConfigurationError, ModelError
from osem_tasks.schema.model import TableSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from osem_tasks.schema.model import Table

_NO_CONTEXT = Context()
FILES = (".json", ".yaml", ".yml", ".template", *FOREIGN)


def load(sources: str | Sequence[str], root: Path, context: Context = _NO_CONTEXT) -> TableSet:
    """Return the tables of all sources; paths and modules are relative to ``root``.

    Raises ModelError or ConfigurationError, with the problems of all files.
    """
    given = (sources,) if isinstance(sources, str) else tuple(sources)
    loaded = _Loaded()
    for source in _expanded(given, root):
        loaded.add(source, root, context)
    loaded.problems += map(Problem, misspelt(context.parameters, loaded.parameters))
    if loaded.problems:
        raise RefusedError(loaded.problems, home=context.home)
    if not 0 < len(loaded.tables) <= MAX_TABLES:
        count = f"more than {MAX_TABLES:,} tables" if loaded.tables else "no table"
        problem = f"osem.tables: {', '.join(given)} holds {count}"
        raise ConfigurationError([problem], remediation=python.REMEDY)
    return TableSet(tuple(loaded.tables), unmanaged=tuple(loaded.unmanaged))


@dataclass(slots=True)
class _Loaded:
    """What the sources hold that are read so far."""

    tables: list[Table] = field(default_factory=list)
    unmanaged: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parameters: set[str] = field(default_factory=set)
    # The source of each table, by the table's name.
    owners: dict[str, str] = field(default_factory=dict)

    def add(self, source: str | Path, root: Path, context: Context) -> None:
        """Read one more source. Raises ConfigurationError for one that is no source."""
        try:
            found = _read(source, root, context)
        except RefusedError as error:
            self.problems += error.found
            self.parameters.update(error.parameters)
        except ModelError as error:
            self.problems += [Problem(words) for words in error.problems]
        else:
            self.problems += _declared_twice(found.tables, str(source), self.owners)
            self.owners |= {table.name: str(source) for table in found.tables}
            self.tables += found.tables
            self.unmanaged += found.unmanaged
            self.parameters |= found.parameters


def _expanded(sources: Sequence[str], root: Path) -> Iterator[str | Path]:
    """Yield objects as text, and every file of a pattern in the order of their names."""
    for source in sources:
        if _is_file(source, root):
            yield root / source
        elif not glob.has_magic(source):
            yield source
        else:
            # Path.glob takes no absolute pattern.
            paths = sorted(glob.glob(source, root_dir=root, recursive=True))  # noqa: PTH207
            if not paths:
                problem = f"osem.tables: {source} matches no file in {root}"
                raise ConfigurationError([problem], remediation=python.REMEDY)
            yield from (root / path for path in paths)


def _is_file(source: str, root: Path) -> bool:
    named = source.lower().endswith(FILES) and not glob.has_magic(source)
    try:
        return named or (root / source).is_file()
    except (OSError, ValueError):  # no path at all
        return False


def _read(source: str | Path, root: Path, context: Context) -> Found:
    if isinstance(source, Path):
        # The readers of all formats are many modules, which tables in Python do not need.
        from osem_tasks.declarations import files

        return files.read(source, context)
    return Found(python.from_module(source, root))


def _declared_twice(
    tables: Sequence[Table], source: str, owners: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield a problem for every table that an earlier source declares."""
    for table in tables:
        if table.name in owners:
            where = f"in {owners[table.name]} and in {source}"
            yield Problem(f"table {table.name!r} is declared twice: {where}")
