"""Collect the items of a seed from all its sources, and check them before anything is written."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.data import codec, item_rules, seed_exports, seed_files, seed_function
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from osem_tasks.data.attributes import Item
    from osem_tasks.data.seed_files import Place, Record
    from osem_tasks.schema.model import Table

# All items are checked before one is written, so all are in memory.
MAX_ITEMS = 200_000
# The most problems that a message lists.
MAX_PROBLEMS = 20


def load(
    sources: Sequence[str], root: Path, tables: Mapping[str, Table], scale: int | None = None
) -> dict[str, list[Item]]:
    """Return the items of all sources by table, in their order, as DynamoDB JSON.

    ``tables`` are the declared tables by their declared names; paths and modules are relative to
    ``root``. ``scale`` is for functions. Raises ConfigurationError with every problem: its file,
    line and table.
    """
    if scale is not None and not any(map(seed_function.is_function, sources)):
        raise ConfigurationError(
            [f"--scale is given, and osem.seed names no function: {', '.join(sources)}"],
            remediation="Leave --scale out: files hold the items that they hold.",
        )
    found = _Found(tables)
    for source in dict.fromkeys(_expanded(sources, root)):
        found.add(source, root, scale)
    if found.problems:
        raise _refused(found.problems)
    return {name: items for name, items in found.items.items() if items}


@dataclass(slots=True)
class _Found:
    """The checked items and the problems so far."""

    tables: Mapping[str, Table]
    items: dict[str, list[Item]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    count: int = 0
    # Where each key was first written, by table and key.
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.items = {name: [] for name in self.tables}

    def add(self, source: str | Path, root: Path, scale: int | None) -> None:
        """Read and check the items of one source."""
        if isinstance(source, str):
            left = MAX_ITEMS - self.count
            for record in seed_function.read(source, root, scale, self.tables, left):
                self._check(record)
            return
        try:
            path = str(source.relative_to(root)) if source.is_relative_to(root) else str(source)
            reader = seed_exports if source.is_dir() else seed_files
            for record in reader.read(source, path, self.tables):
                self._check(record)
        except ValueError as error:
            self.problems.append(f"{path}: {error}")

    def _check(self, record: Record) -> None:
        table = self.tables[record.table]
        self.count += 1
        if self.count > MAX_ITEMS:
            raise ValueError(f"a seed has {MAX_ITEMS:,} items at most")
        try:
            item = item_rules.item_of(record.value, table)
            mine = list(item_rules.problems(item, table))
        except ValueError as error:
            mine = [str(error)]
        if not mine:
            key = (record.table, codec.key_of(item, table.key))
            first = self.places.setdefault(key, record.place)
            if first is not record.place:
                mine = [f"it has the key of {first}"]
        if mine:
            self.problems += [f"{record.place}: table {record.table}: {words}" for words in mine]
        else:
            self.items[record.table].append(item)


def _refused(problems: list[str]) -> ConfigurationError:
    more = len(problems) - MAX_PROBLEMS
    listed = problems[:MAX_PROBLEMS] + ([f"and {more:,} more problems"] if more > 0 else [])
    return ConfigurationError(
        listed,
        remediation="Correct the items named above, then run the command again. Nothing was written.",
    )


def _expanded(sources: Sequence[str], root: Path) -> Iterator[str | Path]:
    """Yield functions as text, and every file of a pattern in the order of their names."""
    for source in sources:
        if seed_function.is_function(source) and not (root / source).is_file():
            yield source
        elif not glob.has_magic(source) or (root / source).is_file():
            yield root / source
        else:
            # Path.glob takes no absolute pattern.
            names = sorted(glob.glob(source, root_dir=root, recursive=True))  # noqa: PTH207
            paths = [root / name for name in names if (root / name).is_file()]
            if not paths:
                raise ConfigurationError(
                    [f"osem.seed: {source} matches no file in {root}"],
                    remediation=seed_function.REMEDY,
                )
            yield from paths
