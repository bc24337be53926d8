"""PyYAML's safe loader with limits and without duplicate keys; ``!Ref`` and its like too.

The limits hold while the document is composed, before anything is built of it: a file of
some lines may stand for more values than memory holds, by aliases of aliases.
"""

from __future__ import annotations

from typing import Any

import yaml

from osem_tasks.declarations.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    TOO_DEEP,
    TOO_MANY,
)
from osem_tasks.schema.quoting import shown

# What PyYAML's constructors raise for a value that its tag does not fit ("!!bool x").
_UNFIT = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


class Loader(yaml.SafeLoader):
    """A SafeLoader that counts. Raises yaml.MarkedYAMLError, and nothing else of PyYAML's."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        # Values so far, those behind an alias counted again at each of its uses.
        self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node, unless it exceeds a limit or contains itself."""
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
        """Compose a mapping. A key that appears twice would silently drop a value."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise _problem(f"the key {shown(key.value)} appears twice", key.start_mark)
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Build the value of a node; one that its tag does not fit is named with its line."""
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
        """Where the next node begins."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
        return event.start_mark

    def _count(self, values: int, mark: Any) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _problem(TOO_MANY, mark)


class TemplateLoader(Loader):
    """A Loader that knows CloudFormation's short forms."""

    def short_form(self, suffix: str, node: Any) -> dict[str, Any]:
        """``!Ref x`` as ``{"Ref": "x"}``, ``!Sub x`` as ``{"Fn::Sub": "x"}``."""
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            return {name: self.construct_scalar(node)}
        if isinstance(node, yaml.SequenceNode):
            return {name: self.construct_sequence(node, deep=True)}
        return {name: self.construct_mapping(node, deep=True)}


def _problem(words: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=words, problem_mark=mark)


TemplateLoader.add_multi_constructor("!", TemplateLoader.short_form)
