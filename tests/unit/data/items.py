"""Strategies for items of every type, as Python values and as DynamoDB JSON."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
NUMBERS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-90, 80),
)
BINARY = st.binary(max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS, BINARY)
SETS = st.one_of(
    st.sets(TEXTS, min_size=1, max_size=4),
    st.sets(NUMBERS, min_size=1, max_size=4),
    st.sets(BINARY, min_size=1, max_size=4),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(SCALARS, SETS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)


def wire(value: Any) -> dict[str, Any]:
    """DynamoDB JSON of a Python value, written here a second time to compare with."""
    if isinstance(value, (set, frozenset)):
        [kind] = {next(iter(wire(one))) for one in value}
        return {f"{kind}S": sorted(wire(one)[kind] for one in value)}
    if isinstance(value, dict):
        return {"M": {name: wire(inner) for name, inner in value.items()}}
    if isinstance(value, list):
        return {"L": [wire(inner) for inner in value]}
    if isinstance(value, bytes):
        return {"B": base64.b64encode(value).decode()}
    if value is None:
        return {"NULL": True}
    kinds: dict[type, str] = {bool: "BOOL", str: "S", Decimal: "N"}
    kind = kinds[type(value)]
    return {kind: str(value) if kind == "N" else value}
