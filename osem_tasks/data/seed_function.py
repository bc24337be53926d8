"""Call a project's function that makes seed items."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from osem_tasks.data.seed_files import Place, Record
from osem_tasks.declarations import python
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osem_tasks.schema.model import Table

REMEDY = (
    "Set osem.seed to 'package.module:function', or to one or several files (JSON lines, JSON, "
    "YAML or CSV) of items, or a folder that db.dump wrote."
)
_SHAPE = "it must yield (table, item), or {table: [items]}"


def is_function(source: str) -> bool:
    """Return whether a source names a function: ``package.module:function``."""
    module, colon, name = source.partition(":")
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), name))


def read(
    source: str, root: Path, scale: int | None, tables: Mapping[str, Table], most: int
) -> list[Record]:
    """Return the items of ``package.module:function``, at most ``most``.

    The function gets the scale, if it has a parameter. Raises ConfigurationError, with the line
    of an exception in the project's code.
    """
    python.search(root)
    module, _, name = source.partition(":")
    subject = f"osem.seed is {source!r}"
    with python.guarded(subject, root, REMEDY):
        function = getattr(python.imported(module), name)
        if not callable(function):
            raise _refused(f"{subject}: it is no function, but {shown(function)}")
        takes_scale = bool(inspect.signature(function).parameters)
        if scale is not None and not takes_scale:
            raise _refused(f"--scale is given, and {source} takes no parameter")
        made: Any = function(scale or 1) if takes_scale else function()
        found: list[Record] = []
        for table, item in _pairs(made, subject, tables):
            found.append(Record(table, item, Place(f"{source} item {len(found) + 1}")))
            if len(found) > most:
                raise _refused(f"{subject}: it makes more than {most:,} items")
        return found


def _pairs(made: Any, subject: str, tables: Mapping[str, Table]) -> Iterator[tuple[str, Any]]:
    """Yield table and item of everything that a function returned or yields."""

    def checked(table: Any) -> str:
        if not isinstance(table, str) or table not in tables:
            raise _refused(f"{subject}: {shown(table)} is not a table{nearest(table, tables)}")
        return table

    if isinstance(made, (str, bytes)) or not isinstance(made, Iterable):
        raise _refused(f"{subject}: {_SHAPE}, and it returned {shown(made)}")
    for part in [made] if isinstance(made, Mapping) else made:
        if isinstance(part, Mapping):
            for name, items in part.items():
                if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
                    raise _refused(f"{subject}: {_SHAPE}, and it gave {shown(part)}")
                table = checked(name)  # also of a table without items
                yield from ((table, item) for item in items)
        elif isinstance(part, (tuple, list)) and len(part) == 2:  # noqa: PLR2004  a pair
            yield checked(part[0]), part[1]
        else:
            raise _refused(f"{subject}: {_SHAPE}, and it gave {shown(part)}")


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError([problem], remediation=REMEDY)
