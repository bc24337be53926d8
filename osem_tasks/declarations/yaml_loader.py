"""PyYAML's safe loader with limits, without duplicate keys, and with ``!Ref`` and the like.

The limits apply during composition, before any value is built: with aliases of aliases, a
file of a few lines may expand to more values than fit in memory.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from osem_tasks.declarations.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    TOO_DEEP,
    TOO_MANY,
)
from osem_tasks.schema.quoting import shown

# Exceptions of PyYAML's constructors for a value that does not match its tag ("!!bool x").
_UNFIT = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


if TYPE_CHECKING or not yaml.__with_libyaml__:
    _SafeLoader = yaml.SafeLoader
else:
    from yaml.cyaml import CParser

    class _SafeLoader(Composer, CParser, SafeConstructor, Resolver):
        """PyYAML's safe loader on libyaml's parser: five times as fast.

        PyYAML's own CSafeLoader also composes in C, where no limit can be checked.
        """

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


class Loader(_SafeLoader):
    """A SafeLoader that counts values. Its only PyYAML exception is yaml.MarkedYAMLError."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        # The number of values so far; values behind an alias count at every use.
        self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node; refuse one that exceeds a limit or contains itself."""
        if self._depth == 0:
            self._sizes.clear()  # aliases do not reach beyond a document
        if self.check_event(yaml.AliasEvent):
            mark = self._mark()
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _problem("an alias contains itself", mark)
            self._count(self._sizes[id(node)], mark)
            return node
        mark, before = self._mark(), self._values
        self._count(1, mark)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _problem(TOO_DEEP, mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._sizes[id(node)] = self._values - before
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Compose a mapping; refuse a duplicate key, which would silently drop a value."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise _problem(f"the key {shown(key.value)} appears twice", key.start_mark)
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Build the value of a node; report a value that does not match its tag, with its line."""
        numeric = str(node.tag).rpartition(":")[2] in ("int", "float")
        if numeric and len(node.value) > MAX_DIGITS:
            raise _problem("a number has too many digits", node.start_mark)
        try:
            return super().construct_object(node, deep=deep)
        except _UNFIT as error:
            kind = str(node.tag).rpartition(":")[2]
            words = f"{shown(getattr(node, 'value', ''))} is not a value of the type {kind!r}"
            raise _problem(words, node.start_mark) from error

    def _mark(self) -> Any:
        """Return the position of the next node."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
        return event.start_mark

    def _count(self, values: int, mark: Any) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _problem(TOO_MANY, mark)


class TemplateLoader(Loader):
    """A Loader that supports CloudFormation's short forms."""

    def short_form(self, suffix: str, node: Any) -> dict[str, Any]:
        """Return ``!Ref x`` as ``{"Ref": "x"}`` and ``!Sub x`` as ``{"Fn::Sub": "x"}``."""
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            return {name: self.construct_scalar(node)}
        if isinstance(node, yaml.SequenceNode):
            return {name: self.construct_sequence(node, deep=True)}
        return {name: self.construct_mapping(node, deep=True)}


class ExactLoader(Loader):
    """A Loader for data: a plain word is what JSON takes it for, and otherwise text.

    So ``no``, ``012``, ``1:30`` and ``2025-01-01`` are texts, and 1.10 is exactly that Decimal.
    ``!!binary`` and ``!!set`` are what JSON lacks.
    """

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  of PyYAML

    def number(self, node: Any) -> Decimal:
        """Return the number of a node."""
        text = self.construct_scalar(node)
        try:
            return Decimal(text)
        except InvalidOperation as error:
            raise ValueError(text) from error


_EXACT = {
    "null": (r"null|~|", ["n", "~", ""]),
    "bool": (r"true|false", ["t", "f"]),
    "float": (r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
    "merge": (r"<<", ["<"]),
}


def _problem(words: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=words, problem_mark=mark)


TemplateLoader.add_multi_constructor("!", TemplateLoader.short_form)
for _name, (_pattern, _first) in _EXACT.items():
    ExactLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first
    )
for _name in ("int", "float"):
    ExactLoader.add_constructor(f"tag:yaml.org,2002:{_name}", ExactLoader.number)
