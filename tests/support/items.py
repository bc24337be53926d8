"""Hypothesis strategies for items of every type, as DynamoDB takes them, and their digest."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from osem_tasks.data.codec import Item

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
BYTES = st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode())
# DynamoDB has 38 significant digits.
WHOLE = st.integers(-(10**38) + 1, 10**38 - 1).map(str)
DIGITS = st.tuples(st.integers(-(10**20) + 1, 10**20 - 1), st.integers(0, 10**17)).map(
    lambda parts: f"{parts[0]}.{parts[1]:018d}"
)
NUMBER = (
    WHOLE
    | DIGITS
    | st.sampled_from(["0", "-0", "-1", "1.50", "1E+3", "1.5E+20", "9.9E-100", "1E125", "1E-130"])
)


def _set(members: SearchStrategy[str], key: Any = None) -> SearchStrategy[list[str]]:
    return st.lists(members, min_size=1, max_size=4, unique_by=key or (lambda text: text))


SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda text: {"N": text}, NUMBER),
    st.builds(lambda text: {"B": text}, BYTES),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda texts: {"SS": texts}, _set(TEXT)),
    st.builds(lambda texts: {"NS": texts}, _set(WHOLE)),
    st.builds(lambda texts: {"BS": texts}, _set(BYTES)),
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
VALUES: SearchStrategy[dict[str, Any]] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3)),
        st.builds(lambda values: {"M": values}, st.dictionaries(NAMES, inner, max_size=3)),
    ),
    max_leaves=8,
)
ATTRIBUTES: SearchStrategy[Item] = st.dictionaries(NAMES, VALUES, max_size=5)


def deep(levels: int) -> dict[str, Any]:
    """A value of maps and lists in turn, ``levels`` deep."""
    value: dict[str, Any] = {"S": "bottom"}
    for level in range(levels):
        value = {"M": {"in": value}} if level % 2 else {"L": [value]}
    return value


def native(value: dict[str, Any]) -> Any:
    """A value as boto3 has it: binary as bytes."""
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: base64.b64decode(content)}
    if kind == "BS":
        return {kind: [base64.b64decode(part) for part in content]}
    if kind == "L":
        return {kind: [native(part) for part in content]}
    if kind == "M":
        return {kind: {name: native(part) for name, part in content.items()}}
    return value
