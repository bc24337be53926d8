"""Maps items by a project's function: ``--transform module:function``.

The function gets an item as a dict of plain values (str, Decimal, bytes, bool, None, list, set,
dict) and returns one such item, several of them, or None for no item.
"""

from __future__ import annotations

import base64
import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from osem_tasks.data.attributes import Item, Value, of_plain
from osem_tasks.declarations import python
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from pathlib import Path

OPTION = "--transform"
REMEDY = (
    f"{OPTION} package.module:function   The function gets an item as a dict and returns an item, "
    "a list of items, or None."
)
_SHAPE = "it must return an item (a dict), a list of items, or None"
_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": Decimal,
    "B": base64.b64decode,
    "BOOL": bool,
    "NULL": lambda _: None,
}


@dataclass(slots=True)
class Transform:
    """A project's function for items; ``calls`` counts the items that it got.

    An instance is for one thread: while the function runs, what it prints goes to stderr.
    """

    source: str
    function: Callable[[dict[str, Any]], Any]
    root: Path
    calls: int = 0

    def __call__(self, item: Item) -> list[Item]:
        """Return the items for ``item``, all in DynamoDB JSON.

        Raises ConfigurationError with the line of an exception in the function, and for a result
        that DynamoDB cannot hold; the message names the item by its number, not by its values.
        """
        self.calls += 1
        subject = f"{OPTION} {self.source}, item {self.calls}"
        plain = {name: to_plain(value) for name, value in item.items()}
        with (
            python.converting(subject, self.root, REMEDY),
            contextlib.redirect_stdout(sys.stderr),
        ):
            found = self.function(plain)
            # A generator runs the project's code only here.
            many = list(found) if _is_several(found) else found
        return [_typed(one, subject) for one in _items(many, subject)]


def load(source: str, root: Path) -> Transform:
    """Return the function ``package.module:function``; ``root`` is on the search path.

    Raises ConfigurationError.
    """
    module, colon, name = source.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), name)):
        raise _refused(f"{OPTION} {source!r} does not have the form package.module:function")
    python.search(root)
    with python.guarded(f"{OPTION} {source}", root, REMEDY):
        function = getattr(python.imported(module), name)
    if not callable(function) or isinstance(function, type):
        raise _refused(f"{OPTION} {source}: it is no function, but {shown(function)}")
    return Transform(source, function, root)


def to_plain(value: Value) -> Any:
    """Return an attribute value as a plain Python value; numbers are exact Decimals."""
    [(kind, content)] = value.items()
    if kind == "M":
        return {name: to_plain(inner) for name, inner in content.items()}
    if kind == "L":
        return [to_plain(inner) for inner in content]
    if kind in ("SS", "NS", "BS"):
        return {_SCALARS[kind[0]](element) for element in content}
    return _SCALARS[kind](content)


def _is_several(found: Any) -> bool:
    return isinstance(found, Iterable) and not isinstance(found, (Mapping, str, bytes))


def _items(found: Any, subject: str) -> list[Any]:
    """Return what a function returned as a list. Raises ConfigurationError."""
    if found is None:
        return []
    if isinstance(found, (list, Mapping)):
        return found if isinstance(found, list) else [found]
    raise _refused(f"{subject}: {_SHAPE}; it returned {_kind(found)}")


def _typed(item: Any, subject: str) -> Item:
    """Return a plain item as DynamoDB JSON. Raises ConfigurationError."""
    if not isinstance(item, Mapping):
        raise _refused(f"{subject}: {_SHAPE}; it returned a list with {_kind(item)}")
    try:
        # An item is no level of its own.
        typed: Item = of_plain(item, depth=-1)["M"]
    except ValueError as error:
        raise _refused(f"{subject}: it returned what DynamoDB cannot hold: {error}") from error
    return typed


def _kind(value: Any) -> str:
    return f"a value of the type {type(value).__name__}"


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError([problem], remediation=REMEDY)
