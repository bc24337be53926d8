"""Maps items from one key to another, where a renamed or re-typed attribute is all that changed.

Pure. What the items hold decides what a change means: whether ``teamId`` became ``id``, or ``id``
was there all the time and is the key from now on.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from osem_tasks.data.attributes import HIGHEST, LOWEST, MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osem_tasks.data.attributes import Item, Value
    from osem_tasks.schema.model import Attribute, Key, Table

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Move:
    """One attribute of the new key: ``source`` is the attribute that its value comes from.

    ``keep`` says that the old attribute stays too, because an index needs it.
    """

    source: str
    attribute: Attribute
    keep: bool = False

    def __str__(self) -> str:
        if self.source == self.attribute.name:
            return f"{self.source} becomes {self.attribute.type}"
        kept = f"; {self.source} stays, for an index" if self.keep else ""
        return f"{self.source} becomes {self.attribute.name}{kept}"


@dataclass(frozen=True, slots=True)
class Rekeying:
    """The mapping of every item to a new key: ``moves`` says how, in words by ``str``.

    Without moves an item stays as it is: the attributes of the new key are there already.
    ``problems`` say which attributes of the new key no item has; then the mapping cannot serve.
    """

    moves: tuple[Move, ...] = ()
    problems: tuple[str, ...] = ()

    def __call__(self, item: Item) -> list[Item]:
        """Return the item with its new key; what cannot be converted stays as it is."""
        result = dict(item)
        for move in self.moves:
            if move.source not in item:
                continue
            if not move.keep:
                result.pop(move.source, None)
            result[move.attribute.name] = converted(item[move.source], move.attribute.type)
        return [result]


def rekeying(old: Key, table: Table, present: Mapping[str, int]) -> Rekeying:
    """Return how items with the key ``old`` get the key of ``table``.

    ``present`` counts the items that have each attribute of the new key. An attribute that no item
    has takes the value of the old key's partition or sort attribute in the same place, if that is
    not part of the new key itself.
    """
    moves, problems = [], []
    needed = {attribute.name for index in table.indexes for attribute in index.key.attributes}
    new_names = {attribute.name for attribute in table.key.attributes}
    replaced = {
        after.name: before.name
        for old_part, new_part in (
            (old.partition, table.key.partition),
            (old.sort, table.key.sort),
        )
        for before, after in zip(old_part, new_part, strict=False)
        if before.name not in new_names
    }
    for attribute in table.key.attributes:
        if attribute in old.attributes:
            continue
        if present.get(attribute.name):
            moves.append(Move(attribute.name, attribute))
        elif source := replaced.get(attribute.name):
            moves.append(Move(source, attribute, keep=source in needed))
        else:
            problems.append(f"no item has {attribute.name}, and no attribute of the old key fits")
    return Rekeying(tuple(moves), tuple(problems))


def converted(value: Value, kind: str) -> Value:
    """Return a key's value as another type, or the value itself where that is not possible.

    A number and its text become each other, a text and its bytes in UTF-8 too.
    """
    [(found, content)] = value.items()
    change = _CHANGES.get((found, kind))
    changed = change(content) if change else None
    return value if changed is None else {kind: changed}


def _plain(number: str) -> str:
    """Return the shortest text of a number without an exponent."""
    text = format(Decimal(number), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _number(text: str) -> str | None:
    """Return a text that DynamoDB keeps exactly as a number; None with an exponent or spaces."""
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    fits = len(digits) <= MAX_DIGITS and (not number or LOWEST <= number.adjusted() <= HIGHEST)
    return text if fits else None


def _text(binary: str) -> str | None:
    """Return the text of bytes in UTF-8; None for other bytes."""
    try:
        return base64.b64decode(binary).decode()
    except UnicodeDecodeError:
        return None


_CHANGES: Mapping[tuple[str, str], Callable[[str], str | None]] = {
    ("N", "S"): _plain,
    ("S", "N"): _number,
    ("S", "B"): lambda text: base64.b64encode(text.encode()).decode(),
    ("B", "S"): _text,
}
