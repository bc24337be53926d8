"""An item, its line, and the text and digest that equal items share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data import codec
from osem_tasks.schema.model import Key
from tests.support.items import ATTRIBUTES, deep

if TYPE_CHECKING:
    import random

KEY = Key.parse("id S, at N")


@given(ATTRIBUTES)
def test_a_line_is_exactly_its_item(item: codec.Item) -> None:
    """Every type comes back as it was, and a line is one line of UTF-8."""
    line = codec.encode(item)

    assert codec.decode(line.encode()) == item
    assert line.encode().count(b"\n") == 1


@pytest.mark.parametrize(
    "item", [{"a": {"S": "ü\ud800"}}, {"\udfff": {"S": "x"}}, {"a": {"M": {"\ud800": {"N": "1"}}}}]
)
def test_half_a_surrogate_pair_is_written_as_it_is(item: codec.Item) -> None:
    """DynamoDB Local holds such texts: a dump of them is a line of UTF-8, and has a digest."""
    line = codec.encode(item).encode()

    assert json.loads(line)["Item"] == item
    codec.digest(item)


@pytest.mark.parametrize("value", ["y", {}, {"S": "x", "N": "1"}, 1, None, []])
def test_what_is_no_value_can_be_compared(value: Any) -> None:
    """moto makes such answers of empty names: it is unequal to what was written, no crash."""
    assert codec.canonical({"a": {"M": {"S": value}}}) != codec.canonical({"a": {"M": {}}})
    assert codec.canonical({"a": value}) == codec.canonical({"a": value})


@given(ATTRIBUTES, st.randoms())
def test_order_does_not_matter(item: codec.Item, random_: random.Random) -> None:
    """Attributes, map keys and set members in another order are the same item."""
    other = _shuffled(item, random_)

    assert codec.canonical(other) == codec.canonical(item)
    assert codec.digest(other) == codec.digest(item)


def _shuffled(value: Any, random_: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random_.shuffle(names)
        return {
            name: random_.sample(value[name], len(value[name]))
            if name in {"SS", "NS", "BS"} and isinstance(value[name], list)
            else _shuffled(value[name], random_)
            for name in names
        }
    return [_shuffled(part, random_) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "one, other, equal",
    [
        ({"N": "1"}, {"N": "1.0"}, True),
        ({"N": "100"}, {"N": "1E2"}, True),
        ({"N": "0"}, {"N": "-0.00"}, True),
        ({"N": "1E99999999"}, {"N": "1E99999998"}, False),
        ({"N": "1E999999999"}, {"N": "1E999999999"}, True),
        ({"N": "1" * 38}, {"N": "1" * 37 + "2"}, False),
        ({"N": "1"}, {"S": "1"}, False),
        ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}, True),
        ({"L": [{"N": "1"}, {"N": "2"}]}, {"L": [{"N": "2"}, {"N": "1"}]}, False),
        ({"S": ""}, {"NULL": True}, False),
        ({"M": {}}, {"L": []}, False),
        ({"SS": ["a"]}, {"L": [{"S": "a"}]}, False),
        ({"BOOL": True}, {"BOOL": False}, False),
    ],
)
def test_equality_is_that_of_dynamodb(one: codec.Value, other: codec.Value, equal: bool) -> None:
    """Numbers are equal by value, sets without order, lists in order; types differ."""
    texts = [codec.canonical({"a": value}) for value in (one, other)]

    assert (texts[0] == texts[1]) is equal


@pytest.mark.parametrize("levels", [1, 31, 32])
def test_nested_values_up_to_aws_limit(levels: int) -> None:
    """32 levels are an item."""
    item = {"a": deep(levels)}

    assert codec.decode(codec.encode(item)) == item


LINES = {
    "no JSON": (b"{", "is no JSON"),
    "not UTF-8": (b'{"Item":{"a":{"S":"\xff"}}}', "is not UTF-8"),
    "a list": (b"[]", "has no item"),
    "no Item": (b'{"a":{"S":"x"}}', "has no item"),
    "an incremental export": (b'{"Keys":{"id":{"S":"x"}},"NewImage":{}}', "has no item"),
    "Item is none": (b'{"Item":[]}', "has no item"),
    "NaN": (b'{"Item":{"a":{"N":NaN}}}', "is no JSON"),
    "too deep for a parser": (b"[" * 100_000, "is nested too deeply"),
    "deeper than AWS": (codec.encode({"a": deep(33)}).encode(), "nested more than 32 deep"),
    "plain values": (b'{"Item":{"a":"x"}}', "is no value with one type"),
    "two types": (b'{"Item":{"a":{"S":"x","N":"1"}}}', "is no value with one type"),
    "no type": (b'{"Item":{"a":{}}}', "is no value with one type"),
    "an unknown type": (b'{"Item":{"a":{"X":"x"}}}', "has the unknown type 'X'"),
    "a number as a number": (b'{"Item":{"a":{"N":1}}}', "numbers are texts"),
    "a number that is none": (b'{"Item":{"a":{"N":"1x"}}}', "has a number that is none"),
    "infinity": (b'{"Item":{"a":{"N":"Infinity"}}}', "has a number that is none"),
    "binary that is none": (b'{"Item":{"a":{"B":"?"}}}', "is not base64"),
    "binary as a number": (b'{"Item":{"a":{"B":1}}}', "is not base64"),
    "an empty set": (b'{"Item":{"a":{"SS":[]}}}', "has a set that is empty or none"),
    "a set that is a text": (b'{"Item":{"a":{"SS":"x"}}}', "has a set that is empty or none"),
    "a set of others": (b'{"Item":{"a":{"NS":["1","x"]}}}', "has a number that is none"),
    "a boolean as a text": (b'{"Item":{"a":{"BOOL":"true"}}}', "has a boolean that is none"),
    "NULL false": (b'{"Item":{"a":{"NULL":false}}}', "has a NULL that is not true"),
    "half a surrogate": (b'{"Item":{"a":{"S":"\\ud800"}}}', "UTF-8 does not have"),
    "half a surrogate in a name": (b'{"Item":{"\\ud800":{"S":"x"}}}', "UTF-8 does not have"),
    "deep inside": (b'{"Item":{"a":{"M":{"b":{"L":[{"X":1}]}}}}}', "has the unknown type 'X'"),
    "a map that is none": (b'{"Item":{"a":{"M":[]}}}', "has a map that is none"),
    "a list that is none": (b'{"Item":{"a":{"L":{}}}}', "has a list that is none"),
    "longer than any request": (b" " * (codec.MAX_LINE + 1), "is longer than"),
}


@pytest.mark.parametrize("name", LINES)
def test_what_is_no_item_says_why(name: str) -> None:
    """A line that DynamoDB would refuse is refused before, with a reason."""
    line, reason = LINES[name]

    with pytest.raises(codec.CodecError, match=reason):
        codec.decode(line)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["Item", "S", "N", "B", "M", "L", "SS", "a"]), inner)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_an_item_or_a_reason(found: object) -> None:
    """No document raises anything but CodecError, and what passes can be written and compared."""
    try:
        item = codec.decode(json.dumps(found))
    except codec.CodecError:
        return

    assert codec.decode(codec.encode(item)) == item
    codec.digest(item)


@pytest.mark.parametrize(
    "item, reason",
    [
        ({"id": {"S": "x"}}, "has no key attribute at"),
        ({"id": {"N": "1"}, "at": {"N": "1"}}, "has a key attribute id of type N, not S"),
        ({"id": {"S": ""}, "at": {"N": "1"}}, "has an empty key attribute id"),
    ],
)
def test_an_item_without_the_tables_key_says_so(item: codec.Item, reason: str) -> None:
    """The key attributes must be there, of the declared types, and not empty."""
    with pytest.raises(codec.CodecError, match=reason):
        codec.key_of(item, KEY)


def test_equal_keys_have_equal_texts() -> None:
    """A number of a key counts by its value; other attributes do not matter."""
    one = codec.key_of({"id": {"S": "x"}, "at": {"N": "1.0"}, "b": {"S": "y"}}, KEY)

    assert one == codec.key_of({"at": {"N": "1"}, "id": {"S": "x"}}, KEY)
    assert one != codec.key_of({"at": {"N": "2"}, "id": {"S": "x"}}, KEY)
