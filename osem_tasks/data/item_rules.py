"""What DynamoDB asks of an item: its key, the keys of indexes, its size. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from osem_tasks.data.attributes import Item, of_plain, of_typed
from osem_tasks.data.sizes import size, size_of
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.schema.model import Attribute, Key, Table

MAX_ITEM = 400 * 1024
MAX_PARTITION, MAX_SORT = 2048, 1024
# The wrappers around an item: a line of AWS's export, a request of BatchWriteItem.
_WRAPPERS = ("PutRequest", "Item")


def item_of(value: object, table: Table) -> Item:
    """Return the item that ``value`` writes for ``table``: a plain mapping, or DynamoDB JSON.

    The key decides which: a key attribute is a text, a number or binary, never a map, so only
    DynamoDB JSON writes it as ``{"S": "1"}``. A plain item whose other attributes look like
    DynamoDB JSON stays plain. Raises ValueError with the problem.
    """
    keys = [attribute.name for attribute in table.key.attributes]
    value = _unwrapped(value, keys)
    if not isinstance(value, Mapping):
        # All problems of an item are ValueErrors.
        raise ValueError(f"an item maps names to values, not {shown(value)}")  # noqa: TRY004
    typed = any(isinstance(value.get(name), Mapping) for name in keys)
    convert = of_typed if typed else of_plain
    item = {}
    for name, content in value.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"the name {shown(name)} must be a text that is not empty")
        item[name] = convert(content, name)
    return item


def _unwrapped(value: object, keys: list[str]) -> object:
    for wrapper in _WRAPPERS:
        alone = isinstance(value, Mapping) and list(value) == [wrapper]
        if alone and isinstance(value, Mapping) and isinstance(value[wrapper], Mapping):
            inner = value[wrapper]
            # A table may have a key of that name: then the content must have the key as well.
            if wrapper not in keys or set(keys) <= set(inner):
                value = inner
    return value


def problems(item: Item, table: Table) -> Iterator[str]:
    """Yield what DynamoDB would refuse in an item of ``table``."""
    for attribute in table.key.attributes:
        if attribute.name not in item:
            near = nearest(attribute.name, item)
            yield f"the key {attribute.name} is missing{near}"
    for what, key in _keys(table):
        for attribute in key.attributes:
            if attribute.name in item:
                yield from _key_problems(item, attribute, key, what)
    total = size_of(item)
    if total > MAX_ITEM:
        yield f"the item has {total:,} bytes; DynamoDB allows {MAX_ITEM:,}"


def _keys(table: Table) -> Iterator[tuple[str, Key]]:
    yield "the key", table.key
    for index in table.indexes:
        yield f"the key of {index.name},", index.key


def _key_problems(item: Item, attribute: Attribute, key: Key, what: str) -> Iterator[str]:
    [(kind, content)] = item[attribute.name].items()
    if kind != attribute.type:
        yield f"{what} {attribute.name} is of the type {attribute.type}, not {kind}"
        return
    if content == "":
        yield f"{what} {attribute.name} is empty"
    most = MAX_PARTITION if attribute in key.partition else MAX_SORT
    if (found := size(item[attribute.name])) > most:
        yield f"{what} {attribute.name} has {found:,} bytes; DynamoDB allows {most:,}"
