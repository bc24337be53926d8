"""The facts that something else sets on purpose: never judged, never repaired.

``Table.ignored`` names them, in the words that differences show. ``osem.ignore`` and the
ScalableTargets of a template fill it. The names of a table's facts:

- ``read_capacity`` and ``write_capacity``, the two halves of ``throughput``;
- ``throughput`` (both halves), ``max_throughput``, ``warm_throughput``, ``billing``;
- every setting: ``tags``, ``ttl``, ``stream``, ``deletion_protection``,
  ``point_in_time_recovery``, ``encryption``, ``table_class``;
- ``recovery_period_in_days``, which ``point_in_time_recovery`` includes;
- the capacity of a global index: ``index[NAME].read_capacity``, ``.write_capacity``,
  ``.throughput``, ``.max_throughput``, ``.warm_throughput``.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from osem_tasks.schema.quoting import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

READ, WRITE = "read_capacity", "write_capacity"
INDEX_FACTS = (READ, WRITE, "throughput", "max_throughput", "warm_throughput")
TABLE_FACTS = (
    *INDEX_FACTS,
    "billing",
    "tags",
    "ttl",
    "stream",
    "deletion_protection",
    "point_in_time_recovery",
    "recovery_period_in_days",
    "encryption",
    "table_class",
)
_OF_INDEX = re.compile(r"index\[(.+)\]\.(\w+)")
# The shortest table name for which the rest is a fact: both parts may have dots.
_RULE = re.compile(r"(.+?)\.((?:index\[.+\]\.)?\w+)")


def index_fact(index: str, fact: str) -> str:
    """Return the name of a fact of the global index ``index``."""
    return f"index[{index}].{fact}"


def split_fact(name: str) -> tuple[str | None, str]:
    """Return the index (None: the table itself) and the fact of a name."""
    found = _OF_INDEX.fullmatch(name)
    return (found[1], found[2]) if found else (None, name)


def ignored_problems(indexes: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """Yield one sentence for each of ``names`` that is no fact of a table with ``indexes``."""
    indexes = list(indexes)
    for name in sorted(names):
        index, fact = split_fact(name)
        if index is not None and index not in indexes:
            yield f"{name!r} cannot be ignored: there is no global index {index!r}" + nearest(
                index, indexes
            )
        elif fact not in (known := TABLE_FACTS if index is None else INDEX_FACTS):
            yield f"{name!r} cannot be ignored: it is not a known fact" + nearest(fact, known)


def matches(
    rule: str, tables: Mapping[str, Sequence[str]]
) -> tuple[dict[str, set[str]], list[str]]:
    """Return the facts that ``rule`` names by table, and its problems.

    ``tables`` maps declared tables to the names of their global indexes.
    """
    found = _RULE.fullmatch(rule)
    if not found:
        return {}, [f"{rule!r} must be TABLE.FACT, such as Orders.read_capacity or *.tags"]
    pattern, (index, fact) = found[1], split_fact(found[2])
    names = [name for name in tables if fnmatchcase(name, pattern)]
    if not names:
        return {}, [f"{rule!r}: there is no table {pattern!r}{nearest(pattern, tables)}"]
    known = TABLE_FACTS if index is None else INDEX_FACTS
    if fact not in known:
        return {}, [f"{rule!r}: {fact!r} is not a known fact{nearest(fact, known)}"]
    if index is None:
        return {name: {fact} for name in names}, []
    facts = {
        name: {index_fact(other, fact) for other in tables[name] if fnmatchcase(other, index)}
        for name in names
    }
    if not any(facts.values()):
        all_indexes = tuple(dict.fromkeys(other for name in names for other in tables[name]))
        return {}, [f"{rule!r}: there is no global index {index!r}{nearest(index, all_indexes)}"]
    return facts, []
