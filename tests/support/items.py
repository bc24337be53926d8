"""Items as DynamoDB has them, for Hypothesis: every type, nested, in DynamoDB JSON."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

# DynamoDB's bounds: 38 digits, and magnitudes from 1E-130 to below 1E+126.
_LARGEST_EXPONENT, _SMALLEST_EXPONENT = 125, -130


def _number(digits: int, shift: int, *, negative: bool) -> str:
    length = len(str(digits))
    shift = max(_SMALLEST_EXPONENT, min(shift, _LARGEST_EXPONENT - length + 1))
    value = Decimal((int(negative and digits > 0), tuple(map(int, str(digits))), shift))
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if digits else "0"


def numbers() -> st.SearchStrategy[str]:
    """Numbers as DynamoDB writes them, of all lengths and magnitudes."""
    digits = st.one_of(st.integers(0, 1000), st.integers(0, 10**38 - 1))
    shift = st.one_of(st.just(0), st.integers(-5, 5), st.integers(-130, 125))
    return st.builds(_number, digits, shift, negative=st.booleans())


def texts(min_size: int = 0) -> st.SearchStrategy[str]:
    """Texts that UTF-8 can hold."""
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=20)


def binaries(min_size: int = 0) -> st.SearchStrategy[str]:
    """Bytes as base64."""
    return st.binary(min_size=min_size, max_size=20).map(lambda b: base64.b64encode(b).decode())


def _sets(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, min_size=1, max_size=4, unique=True)


def values() -> st.SearchStrategy[dict[str, Any]]:
    """Attribute values of every type, nested."""
    scalars = st.one_of(
        st.fixed_dictionaries({"S": texts()}),
        st.fixed_dictionaries({"N": numbers()}),
        st.fixed_dictionaries({"B": binaries()}),
        st.fixed_dictionaries({"BOOL": st.booleans()}),
        st.just({"NULL": True}),
        st.fixed_dictionaries({"SS": _sets(texts())}),
        st.fixed_dictionaries({"NS": _sets(numbers())}),
        st.fixed_dictionaries({"BS": _sets(binaries())}),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
            st.fixed_dictionaries({"M": st.dictionaries(texts(min_size=1), inner, max_size=3)}),
        ),
        max_leaves=8,
    )


def items() -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Items without a key."""
    return st.dictionaries(texts(min_size=1), values(), max_size=4)


def canonical(value: Any) -> Any:
    """A value or an item so that what DynamoDB takes for equal is equal."""
    if isinstance(value, list):
        return [canonical(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: Decimal(content)
        if name == "N" and isinstance(content, str)
        else {Decimal(part) for part in content}
        if name == "NS" and isinstance(content, list)
        else set(content)
        if name in ("SS", "BS") and isinstance(content, list)
        else canonical(content)
        for name, content in value.items()
    }
