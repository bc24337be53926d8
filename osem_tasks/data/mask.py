"""Masks items: no value that a rule names leaves as it was. Pure.

Items are DynamoDB JSON: ``{"email": {"S": "a@b.example"}}``, binary as base64, numbers as text.
Types stay, with two exceptions that a rule asks for: ``null`` and ``drop``. A container is masked
value by value; the keys of its maps stay.

For each value one rule counts: that of the longest path to it. Of equally long ones, a name or an
index counts more than a wildcard, in the last step first. Where a path leads on into a value that has no such parts (``contact.email``,
and ``contact`` is a text in this item), the value is masked as a whole: masking too little would
show what the rule was to hide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.data.paths import ANY_ELEMENT, ANY_NAME, Element, Name
from osem_tasks.data.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osem_tasks.data.paths import Path, PathStep
    from osem_tasks.data.pseudonyms import Pseudonyms
    from osem_tasks.data.rules import TableMask

Value = dict[str, Any]
Item = dict[str, Value]
_CONTAINERS = ("M", "L")
_SETS = {"SS": "S", "NS": "N", "BS": "B"}
_NULL: Value = {"NULL": True}


@dataclass(slots=True)
class _Node:
    """A place in the tree of all paths of a table; ``rule`` is that of the path that ends here."""

    path: Path | None = None
    rule: Rule | None = None
    children: dict[PathStep, _Node] = field(default_factory=dict)

    def leaves(self) -> Iterator[_Node]:
        """Yield the nodes at and below this one in which a path ends."""
        if self.rule:
            yield self
        for child in self.children.values():
            yield from child.leaves()


@dataclass(slots=True)
class Masker:
    """Masks the items of one table.

    ``items`` counts, ``matched`` holds the paths that met a value, ``unfit`` counts for each path the items in which
    a value had none of the parts that the path goes on to. Any thread may mask; the counts of
    several threads are nearly right, and never 0 for something that happened.
    """

    mask: TableMask
    pseudonyms: Pseudonyms
    items: int = 0
    matched: set[str] = field(default_factory=set)
    unfit: Counter[str] = field(default_factory=Counter)
    _tree: _Node = field(default_factory=_Node)

    def __post_init__(self) -> None:
        for path, rule in self.mask.rules:
            node = self._tree
            for step in path.steps:
                node = node.children.setdefault(step, _Node())
            node.path, node.rule = path, rule

    @property
    def unmatched(self) -> list[str]:
        """The paths that met no value so far."""
        paths = (str(path) for path, _ in self.mask.rules)
        return [path for path in paths if path not in self.matched]

    def masked(self, item: Mapping[str, Value]) -> Item:
        """Return the item with every value masked that a path leads to."""
        self.items += 1
        result: Item = {}
        for name, value in item.items():
            nodes = _below([self._tree], Name(name), ANY_NAME)
            if name in self.mask.keys:
                nodes = [node for node in nodes if node is self._tree.children.get(Name(name))]
            changed = self._value(value, nodes, None, whole=_is_named(nodes, self._tree, name))
            if changed is not None:
                result[name] = changed
        return result

    def _value(
        self, value: Value, nodes: Sequence[_Node], inherited: Rule | None, *, whole: bool = True
    ) -> Value | None:
        """Return a masked value; None drops it.

        ``nodes`` are the places of the tree that lead here, ``inherited`` the rule of the value
        that this one is in. ``whole`` says whether a value that does not fit is masked as a whole.
        """
        if not nodes and inherited is None:
            return value
        rule = self._rule(nodes) or inherited
        if rule in (Rule.DROP, Rule.NULL):
            return None if rule is Rule.DROP else dict(_NULL)
        kind, content = next(iter(value.items()))
        open_nodes = [node for node in nodes if node.children]
        if rule is None and open_nodes and whole and not _fits(kind, open_nodes):
            return self._unfit(value, open_nodes)
        if kind in _CONTAINERS:
            parts = self._map if kind == "M" else self._list
            return {kind: parts(content, open_nodes, rule)}
        if kind in _SETS and (last := _below(open_nodes, ANY_ELEMENT)):
            return self._value(value, [_Node(node.path, node.rule) for node in last], rule)
        return self._leaf(kind, content, rule) if rule else value

    def _rule(self, nodes: Sequence[_Node]) -> Rule | None:
        """Return the rule of the most particular path that ends at one of ``nodes``."""
        ends = [node for node in nodes if node.rule]
        self.matched.update(str(node.path) for node in ends)
        return ends[0].rule if ends else None

    def _map(self, content: Any, nodes: Sequence[_Node], rule: Rule | None) -> dict[str, Value]:
        return {
            name: changed
            for name, value in content.items()
            if (changed := self._value(value, _below(nodes, Name(name), ANY_NAME), rule))
            is not None
        }

    def _list(self, content: Any, nodes: Sequence[_Node], rule: Rule | None) -> list[Value]:
        return [
            changed
            for index, value in enumerate(content)
            if (changed := self._value(value, _below(nodes, Element(index), ANY_ELEMENT), rule))
            is not None
        ]

    def _unfit(self, value: Value, nodes: Sequence[_Node]) -> Value | None:
        """Mask a value as a whole that has none of the parts that the paths go on to."""
        leaves = [leaf for node in nodes for leaf in node.leaves()]
        self.unfit.update(str(leaf.path) for leaf in leaves)
        rules = {leaf.rule for leaf in leaves}
        only = rules.pop() if len(rules) == 1 else Rule.HASH
        return self._value(value, [], only)

    def _leaf(self, kind: str, content: Any, rule: Rule) -> Value:
        if kind == "BOOL":
            return {"BOOL": False}
        change = self._changes(rule).get(_SETS.get(kind, kind))
        if change is None:  # NULL
            return {kind: content}
        if kind in _SETS:
            return {kind: list(dict.fromkeys(map(change, content)))}
        return {kind: change(content)}

    def _changes(self, rule: Rule) -> dict[str, Callable[[str], str]]:
        """Return what changes the values of each type."""
        made = self.pseudonyms
        texts = {
            Rule.FAKE_NAME: made.name,
            Rule.FAKE_EMAIL: made.email,
            Rule.FAKE_TEXT: made.words,
        }
        return {"S": texts.get(rule, made.text), "N": made.number, "B": made.binary}


def _below(nodes: Sequence[_Node], *steps: PathStep) -> list[_Node]:
    """Return the nodes that ``steps`` lead to; the first step's come first and count most."""
    found = (node.children.get(step) for step in steps for node in nodes)
    return [node for node in found if node is not None]


def _is_named(nodes: Sequence[_Node], tree: _Node, name: str) -> bool:
    return any(node is tree.children.get(Name(name)) for node in nodes)


def _fits(kind: str, nodes: Sequence[_Node]) -> bool:
    """Return whether a value of this type can have a part that one of the paths goes on to."""
    if kind in ("NULL", "BOOL"):
        return True  # nothing to hide, and nothing that could be inside
    steps = {type(step) for node in nodes for step in node.children}
    if kind == "M":
        return bool(steps & {Name, type(ANY_NAME)})
    if kind == "L":
        return bool(steps & {Element, type(ANY_ELEMENT)})
    return kind in _SETS and any(node.rule for node in _below(nodes, ANY_ELEMENT))
