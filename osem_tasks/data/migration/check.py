"""Checks what a mapping makes of all items before anything is touched. Pure but for the mapping.

Values may be personal: only keys are shown, and of them a few.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.data import codec
from osem_tasks.data.item_rules import MAX_ITEM, MAX_PARTITION, MAX_SORT
from osem_tasks.data.keys import MAX_EXAMPLES, KeyCheck
from osem_tasks.data.migration.contents import Total, key_text
from osem_tasks.data.rekey import Rekeying, rekeying
from osem_tasks.data.sizes import size, size_of
from osem_tasks.data.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from osem_tasks.data.attributes import Item
    from osem_tasks.schema.model import Key, Table

    Items = Callable[[], Iterable[Item]]

Mapping = Rekeying | Transform

# An attribute of no item: an empty name is not allowed.
_SOURCE = ""


@dataclass(slots=True)
class Survey:
    """The items as they are: their total, and how many have each attribute of the new key."""

    total: Total = field(default_factory=Total)
    present: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Shared:
    """A new key that several items would get; ``sources`` are the old keys of some of them."""

    key: str
    count: int
    sources: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key} ({self.count:,} items: {'; '.join(self.sources)})"


@dataclass(slots=True, kw_only=True)
class Findings:
    """What the mapping makes of the items ``before``: ``after``, or the ``faults`` in the way.

    ``faults`` count items by a sentence about them, ``examples`` are old keys of such items,
    ``pairs`` some keys before and after. ``dropped`` items become none, ``split`` ones several.
    ``problems`` are those of the mapping itself, ``words`` says what it does.
    """

    words: tuple[str, ...]
    problems: tuple[str, ...] = ()
    before: Total = field(default_factory=Total)
    after: Total = field(default_factory=Total)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    shared: list[Shared] = field(default_factory=list)
    collisions: int = 0
    pairs: list[tuple[str, str]] = field(default_factory=list)
    dropped: int = 0
    split: int = 0

    @property
    def sound(self) -> bool:
        """Whether every item can be written, and none takes the place of another."""
        return not (self.problems or self.faults or self.collisions)

    def blame(self, what: str, source: str) -> None:
        """Count an item with that fault, by its old key."""
        self.faults[what] += 1
        named = self.examples.setdefault(what, [])
        if len(named) < MAX_EXAMPLES:
            named.append(source)


def survey(items: Iterable[Item], table: Table) -> Survey:
    """Return the total of ``items``, and which attributes of the new key they have."""
    found = Survey()
    names = [attribute.name for attribute in table.key.attributes]
    for item in items:
        found.total.add(item)
        found.present.update(name for name in names if name in item)
    return found


def mapping_of(old: Key, table: Table, found: Survey, transform: Transform | None) -> Mapping:
    """Return the project's function, or the default mapping for these items."""
    if transform is None and not found.total.items:
        return Rekeying()  # no item can lack a key
    return transform or rekeying(old, table, found.present)


def words_of(mapping: Mapping, old: Key) -> tuple[str, ...]:
    """Return what a mapping of items with the key ``old`` does, in words."""
    if isinstance(mapping, Transform):
        return (f"each item becomes what {mapping.source} returns",)
    own = {attribute.name for attribute in old.attributes}
    words = [
        f"{move.source}, which items have, becomes a key of the type {move.attribute.type}"
        if move.source == move.attribute.name and move.source not in own
        else str(move)
        for move in mapping.moves
    ]
    return tuple(words) or ("the items stay as they are",)


def mapped(items: Iterable[Item], mapping: Mapping) -> Iterator[tuple[Item, Item]]:
    """Yield every new item with the one that it comes from. Raises OsemError."""
    for number, item in enumerate(items):
        if isinstance(mapping, Transform):
            mapping.calls = number  # an error then names the item by its place
        for one in mapping(item):
            yield item, one


def check(items: Items, old: Key, table: Table, found: Survey, mapping: Mapping) -> Findings:
    """Return what the mapping makes of ``items``, which yields the same items at every call.

    Raises OsemError if the mapping fails.
    """
    problems = () if isinstance(mapping, Transform) else mapping.problems
    findings = Findings(words=words_of(mapping, old), problems=problems, before=found.total)
    if problems:
        return findings
    keys = KeyCheck(table)
    for number, item in enumerate(items()):
        if isinstance(mapping, Transform):
            mapping.calls = number
        made = mapping(item)
        source = key_text(item, old)
        findings.dropped += not made
        findings.split += len(made) > 1
        for one in made:
            findings.after.add(one)
            _judge(one, keys, findings, source)
        if isinstance(mapping, Transform):
            _check_again(item, made, mapping, findings, source)
        if len(findings.pairs) < MAX_EXAMPLES and made:
            after = "; ".join(key_text(one, table.key) for one in made[:MAX_EXAMPLES])
            findings.pairs.append((source, after))
    if findings.dropped and findings.dropped == found.total.items:
        # Most likely the function lacks a return; to empty a table, nobody needs a migration.
        findings.problems = (f"{words_of(mapping, old)[0]}, which is None for all of them",)
    _find_shared(items, old, table, keys, mapping, findings)
    return findings


def _judge(item: Item, keys: KeyCheck, findings: Findings, source: str) -> None:
    """Count what DynamoDB would refuse in a new item."""
    table = keys.table
    before = {name: +getattr(keys, name) for name in ("missing", "mistyped", "empty")}
    keys.add(item)
    for name, counts in before.items():
        for attribute in getattr(keys, name) - counts:
            findings.blame(_sentence(name, attribute, table), source)
    for attribute, most in _limits(table):
        content = item.get(attribute)
        if content is not None and size(content) > most:
            findings.blame(f"have a longer {attribute} than {most:,} bytes", source)
    total = size_of(item)
    if total > MAX_ITEM:
        findings.blame(f"become larger than DynamoDB's {MAX_ITEM:,} bytes", source)


def _sentence(what: str, name: str, table: Table) -> str:
    kind = next(one.type for one in table.attributes if one.name == name)
    own = name in {one.name for one in table.key.attributes}
    of = "" if own else ", a key of an index"
    if what == "missing":
        return f"have no {name}{of}"
    if what == "empty":
        return f"have an empty {name}{of}"
    return f"have a {name} that is not of the type {kind}{of}"


def _limits(table: Table) -> Iterator[tuple[str, int]]:
    """Yield the most bytes of every key attribute; the smaller number where it is both."""
    most: dict[str, int] = {}
    indexes = table.indexes
    for key in (table.key, *(index.key for index in indexes)):
        for part, limit in ((key.partition, MAX_PARTITION), (key.sort, MAX_SORT)):
            for attribute in part:
                most[attribute.name] = min(limit, most.get(attribute.name, limit))
    yield from most.items()


def _check_again(
    item: Item, made: list[Item], mapping: Transform, findings: Findings, source: str
) -> None:
    """Count an item of which the function makes another one the next time.

    After an interrupt the items are mapped again: they would then be written twice.
    """
    mapping.calls -= 1
    if [*map(codec.canonical, mapping(item))] != [*map(codec.canonical, made)]:
        findings.blame(
            f"become other items each time that {mapping.source} is called (a random or a time?)",
            source,
        )


def _find_shared(  # noqa: PLR0917  a check has as many parts
    items: Items, old: Key, table: Table, keys: KeyCheck, mapping: Mapping, findings: Findings
) -> None:
    names = [attribute.name for attribute in table.key.attributes]

    def again() -> Iterator[Item]:
        for item, one in mapped(items(), mapping):
            # No more than what is shown is kept: items may be large.
            new = {name: one[name] for name in names if name in one}
            yield {**new, _SOURCE: {"S": key_text(item, old)}}

    for collision in keys.collisions(again):
        findings.collisions += collision.count
        if len(findings.shared) < MAX_EXAMPLES:
            sources = tuple(item[_SOURCE]["S"] for item in collision.items)
            key = key_text(collision.items[0], table.key)
            findings.shared.append(Shared(key, collision.count, sources))
