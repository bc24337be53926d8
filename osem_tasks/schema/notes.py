"""What a project tells people about a table: its items' attributes, and the questions it answers.

DynamoDB knows none of it, so nothing is compared or changed by it. Written as::

    text: The teams of the organisation.
    attributes:
      teamName: S
      description: "S?: what the team does"     # optional
      managerId: "S -> Users: the head"         # holds a key of Users
    patterns:
      A manager's teams: managerId-index
      One team: primary key
      The newest team of a manager: {index: managerId-index, how: newest first, one item}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ModelError
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.model import Table

# DynamoDB's types of an attribute.
TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
# No index has this name: it holds a space.
PRIMARY = "primary key"
_MEMBERS = ("text", "attributes", "patterns")
_PATTERN_MEMBERS = ("index", "how")
_ATTRIBUTE = re.compile(
    r"(?P<type>[A-Za-z]+)(?P<optional>\?)?(?:\s*->\s*(?P<table>[\w.-]+))?(?:\s*:\s*(?P<text>.*))?",
    re.DOTALL,
)
_WANTED = "'S', 'S?', 'S -> Users' or 'S: its meaning'"


@dataclass(frozen=True, slots=True)
class ItemAttribute:
    """An attribute of a table's items; ``refers_to`` is the table whose key it holds, or empty."""

    name: str
    type: str
    optional: bool = False
    refers_to: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A question that a table answers without a Scan, by an index or, if empty, by its own key."""

    name: str
    index: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """A table's purpose, its items' attributes, and its access patterns."""

    text: str = ""
    attributes: tuple[ItemAttribute, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def read(cls, given: object, where: str = "notes") -> Notes:
        """Read notes as a file has them. Raises ModelError with every problem, after ``where``."""
        reader = _Reader()
        found = reader.notes(given, where)
        if reader.problems:
            raise ModelError(reader.problems)
        return found


def problems(table: Table) -> Iterator[str]:
    """Yield what a table's notes say and the table does not have, with the table's name."""
    for problem in _problems(table, table.notes or Notes()):
        yield f"table {table.name!r}: {problem}"


def _problems(table: Table, notes: Notes) -> Iterator[str]:
    keys = {attribute.name: attribute.type for attribute in table.attributes}
    expiry = table.ttl.attribute if table.ttl else None
    names = [index.name for index in table.indexes]
    for attribute in notes.attributes:
        if attribute.type not in TYPES:
            yield f"attribute {shown(attribute.name)} has the type {shown(attribute.type)}{_types()}"
        elif keys.get(attribute.name, attribute.type) != attribute.type:
            kind = keys[attribute.name]
            yield f"attribute {shown(attribute.name)} is {attribute.type}, and {kind} in a key"
        elif attribute.name == expiry and attribute.type != "N":
            yield f"attribute {shown(attribute.name)} is {attribute.type}, and an expiry time is N"
    yield from _twice("attribute", [attribute.name for attribute in notes.attributes])
    for pattern in notes.patterns:
        if pattern.index and pattern.index not in names:
            hint = nearest(pattern.index, [*names, PRIMARY])
            yield f"pattern {shown(pattern.name)}: there is no index {shown(pattern.index)}{hint}"
    yield from _twice("pattern", [pattern.name for pattern in notes.patterns])


def _types() -> str:
    return f"; known are {', '.join(TYPES)}"


def _twice(what: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{what} {shown(name)} appears twice"


class _Reader:
    """Reads notes, and collects one problem per mistake."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def notes(self, given: object, where: str) -> Notes:
        """Read the notes of one table."""
        found = self._mapping(given, where, _MEMBERS)
        attributes = self._mapping(found.get("attributes"), f"{where}.attributes")
        patterns = self._mapping(found.get("patterns"), f"{where}.patterns")
        return Notes(
            text=self._text(found.get("text"), f"{where}.text"),
            attributes=tuple(
                self._attribute(name, value, f"{where}.attributes.{name}")
                for name, value in attributes.items()
            ),
            patterns=tuple(
                self._pattern(name, value, f"{where}.patterns.{name}")
                for name, value in patterns.items()
            ),
        )

    def _mapping(self, given: object, where: str, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """Return a mapping of texts; nothing for None."""
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self.problems.append(f"{where} must be a mapping, not {shown(given)}")
            return {}
        for name in given:
            if not isinstance(name, str) or not name:
                self.problems.append(f"{where}: the name {shown(name)} must be a string")
            elif known and name not in known:
                self.problems.append(f"{where}: {shown(name)} is not known{nearest(name, known)}")
        return {str(name): value for name, value in given.items()}

    def _text(self, given: object, where: str) -> str:
        if given is None:
            return ""
        if not isinstance(given, str):
            self.problems.append(f"{where} must be a string, not {shown(given)}")
            return ""
        return given.strip()

    def _attribute(self, name: str, given: object, where: str) -> ItemAttribute:
        found = _ATTRIBUTE.fullmatch(given.strip()) if isinstance(given, str) else None
        if not found:
            self.problems.append(f"{where} must be a type such as {_WANTED}, not {shown(given)}")
            return ItemAttribute(name, "S")
        if found["type"] not in TYPES:
            hint = nearest(found["type"], TYPES)
            self.problems.append(f"{where} has the type {shown(found['type'])}{hint}")
            return ItemAttribute(name, "S")
        return ItemAttribute(
            name=name,
            type=found["type"],
            optional=bool(found["optional"]),
            refers_to=found["table"] or "",
            text=(found["text"] or "").strip(),
        )

    def _pattern(self, name: str, given: object, where: str) -> Pattern:
        if isinstance(given, str):
            given = {"index": given}
        found = self._mapping(given, where, _PATTERN_MEMBERS)
        index = self._text(found.get("index"), f"{where}.index")
        how = self._text(found.get("how"), f"{where}.how")
        if not index and not self.problems:
            self.problems.append(f"{where} must name an index, or '{PRIMARY}'")
        return Pattern(name, "" if index == PRIMARY else index, how)
