"""Find the line of a value in the text of a file, for messages.

The text was read before, within the limits. It is parsed once more, because only a problem
needs lines, and values without them are read faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.declarations.values import KeyPath

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


class Lines:
    """The lines of one file: YAML, or JSON that YAML's parser also reads."""

    def __init__(self, text: str) -> None:
        self._nodes = _composed(text)

    def of(self, path: KeyPath, document: int = 0) -> int | None:
        """Return the line of the deepest place on ``path`` that the file shows; None for none."""
        if document >= len(self._nodes) or not path:
            return None
        node, line = self._nodes[document], None
        for part in path:
            found = _member(node, part)
            if found is None:
                break
            line, node = found
        return line


def _composed(text: str) -> list[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        nodes: list[Any] = list(yaml.compose_all(text, loader))
    except (yaml.YAMLError, RecursionError):
        return []
    return [node for node in nodes if node is not None and node.tag != _NULL]


def _member(node: Any, part: object) -> tuple[int, Any] | None:
    """Return the line and the node of a member or an element; None if it is not there."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        if isinstance(part, int) and part < len(node.value):
            element = node.value[part]
            return element.start_mark.line + 1, element
        return None
    if not isinstance(node, yaml.MappingNode):
        return None
    merged: list[Any] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif key.value == str(part):
            return key.start_mark.line + 1, value
    return _first(merged, part)


def _first(nodes: Sequence[Any], part: object) -> tuple[int, Any] | None:
    return next((found for node in nodes if (found := _member(node, part))), None)
