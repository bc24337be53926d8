"""Checks items against a declared key before anything is written: what lacks it, what collides.

Pure. A hash of eight bytes is kept for each item, so that a million items take some 50 MB. Items
whose hashes agree are looked at again.
"""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.data.attributes import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from osem_tasks.data.attributes import Item
    from osem_tasks.schema.model import Attribute, Table

MAX_EXAMPLES = 3
Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Collision:
    """Items that have the same key; ``items`` holds some of them, ``count`` is their number."""

    count: int
    items: tuple[Item, ...]


@dataclass(slots=True)
class KeyCheck:
    """What items lack of ``table``'s key, and of the keys of its indexes.

    ``missing``, ``mistyped`` and ``empty`` count items by attribute, ``examples`` holds some of
    those items. An attribute of an index may be missing: the index then has no such item.
    """

    table: Table
    items: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    mistyped: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)
    examples: list[Item] = field(default_factory=list)
    _hashes: array[int] = field(default_factory=lambda: array("q"))

    def add(self, item: Item) -> None:
        """Count ``item``."""
        self.items += 1
        own = set(self.table.key.attributes)
        fits = [self._fits(item, key, needed=key in own) for key in self.table.attributes]
        if not all(fits):
            if len(self.examples) < MAX_EXAMPLES:
                self.examples.append(item)
            return
        self._hashes.append(hash(self._identity(item)))

    @property
    def sound(self) -> bool:
        """Whether every item has a key; collisions are another question."""
        return not (self.missing or self.mistyped or self.empty)

    def collisions(self, again: Callable[[], Iterable[Item]]) -> list[Collision]:
        """Return the items of equal keys; ``again`` yields the same items once more.

        It is called only if hashes agree.
        """
        ordered = sorted(self._hashes)
        twice = {one for one, other in itertools.pairwise(ordered) if one == other}
        if not twice:
            return []
        found: dict[Identity, list[Item]] = {}
        counts: Counter[Identity] = Counter()
        for item in again():
            identity = self._identity(item)
            if None in identity or hash(identity) not in twice:
                continue
            counts[identity] += 1
            kept = found.setdefault(identity, [])
            if len(kept) < MAX_EXAMPLES:
                kept.append(item)
        return [
            Collision(counts[identity], tuple(kept))
            for identity, kept in found.items()
            if counts[identity] > 1
        ]

    def _fits(self, item: Item, attribute: Attribute, *, needed: bool) -> bool:
        """Count what is wrong with one attribute of a key; return whether nothing is."""
        value = item.get(attribute.name)
        if value is None:
            self.missing.update([attribute.name] if needed else [])
            return not needed
        content = value.get(attribute.type)
        if content is None:
            self.mistyped[attribute.name] += 1
        elif content == "":
            self.empty[attribute.name] += 1
        return bool(content)

    def _identity(self, item: Item) -> Identity:
        """Return what is equal for equal keys; None stands for what is not there."""
        return tuple(
            None if content is None else canonical(attribute.type, content)
            for attribute in self.table.key.attributes
            for content in [item.get(attribute.name, {}).get(attribute.type)]
        )
