"""What ``osem.mask`` says: a rule for each path of each table, checked against the tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from osem_tasks.data.paths import ANY_NAME, Name, Path
from osem_tasks.schema.quoting import closest, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from osem_tasks.schema.model import Table, TableSet


class Rule(Enum):
    """What becomes of a value."""

    HASH = "hash"
    FAKE_NAME = "fake name"
    FAKE_EMAIL = "fake email"
    FAKE_TEXT = "fake text"
    NULL = "null"
    DROP = "drop"


_FAKES = (Rule.FAKE_NAME, Rule.FAKE_EMAIL, Rule.FAKE_TEXT)


@dataclass(frozen=True, slots=True)
class TableMask:
    """The rules of one table, by path; ``keys`` are the attributes of its own primary key."""

    table: str
    rules: tuple[tuple[Path, Rule], ...]
    keys: frozenset[str]

    def as_json(self) -> dict[str, str]:
        """Return the rules by path."""
        return {str(path): rule.value for path, rule in self.rules}

    @property
    def needs_key(self) -> bool:
        """Whether a value is replaced by another one, which a key decides."""
        return any(rule not in (Rule.NULL, Rule.DROP) for _, rule in self.rules)

    @property
    def changes_keys(self) -> bool:
        """Whether items get other primary keys."""
        return any(_root(path) in self.keys for path, _ in self.rules)


@dataclass(frozen=True, slots=True)
class Masks:
    """The masks of a project, by the tables' declared names."""

    tables: tuple[TableMask, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tables)

    def of(self, table: str) -> TableMask | None:
        """Return the mask of a declared table, or None."""
        return next((mask for mask in self.tables if mask.table == table), None)

    def as_json(self) -> dict[str, dict[str, str]]:
        """Return what is masked, for a manifest or a document: no key, no values."""
        return {mask.table: mask.as_json() for mask in self.tables}


def read(declared: Mapping[str, Iterable[tuple[str, str]]], tables: TableSet) -> Masks:
    """Return the masks that ``osem.mask`` declares, by declared table, path and rule.

    Raises ValueError with one problem on each line: an unknown table, path or rule, and a rule
    that would break a table or an index.
    """
    masks, problems = [], []
    for name, rules in declared.items():
        if name not in tables.names:
            problems.append(f"there is no table {name!r}{nearest(name, tables.names)}")
            continue
        mask, wrong = _table_mask(tables[name], rules)
        problems += [f"{name}: {problem}" for problem in wrong]
        masks.append(mask)
    if problems:
        raise ValueError("\n".join(problems))
    return Masks(tuple(masks))


def _table_mask(table: Table, declared: Iterable[tuple[str, str]]) -> tuple[TableMask, list[str]]:
    rules: dict[Path, Rule] = {}
    problems = []
    for text, word in declared:
        try:
            path, rule = Path.parse(text), _rule(word)
        except ValueError as error:
            problems.append(f"{text}: {error}")
            continue
        if path in rules:
            problems.append(f"{path} is named twice")
        elif problem := _problem(table, path, rule):
            problems.append(f"{path}: {problem}")
        rules[path] = rule
    keys = frozenset(attribute.name for attribute in table.key.attributes)
    return TableMask(table.name, tuple(rules.items()), keys), problems


def _rule(word: str) -> Rule:
    try:
        return Rule(" ".join(word.split()))
    except ValueError:
        known = [rule.value for rule in Rule]
        msg = f"the rule must be one of {', '.join(known)}, not {word!r}{closest(word, known)}"
        raise ValueError(msg) from None


def _problem(table: Table, path: Path, rule: Rule) -> str:
    """Return why the rule would break the table, or an empty text."""
    root = _root(path)
    own = {attribute.name: "the table's key" for attribute in table.key.attributes}
    uses = {
        attribute.name: f"the key of index {index.name}"
        for index in table.indexes
        for attribute in index.key.attributes
    } | own
    if path.steps == (ANY_NAME,):
        return "it names every attribute, the key as well; name the attributes that it is for"
    if root not in uses:
        return ""
    if len(path.steps) > 1:
        return f"{root!r} is {uses[root]}, a single value: nothing is inside it"
    if rule in (Rule.NULL, Rule.DROP):
        return f"{root!r} is {uses[root]} and needs a value; use hash"
    if rule in _FAKES and root in own:
        return f"{root!r} is {own[root]}, and two items could get the same value; use hash"
    return ""


def _root(path: Path) -> str:
    """Return the attribute that a path begins with; an empty text is any attribute."""
    first = path.steps[0]
    return first.name if isinstance(first, Name) else ""
