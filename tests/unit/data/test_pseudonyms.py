"""Pseudonyms: deterministic by a key, of the same type, never the original, one to one."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.pseudonyms import Pseudonyms
from tests.support.items import BYTES, TEXT

ONE, OTHER = Pseudonyms(b"one key" * 3), Pseudonyms(b"other key" * 40)


# DynamoDB's bounds: magnitudes from 1E-130 to below 1E+126.
LARGEST, SMALLEST = 125, -130


def written(digits: int, shift: int, *, negative: bool) -> str:
    """A number of these digits as DynamoDB writes it: no exponent, no zeros at its ends."""
    length = len(str(digits))
    shift = max(SMALLEST, min(shift, LARGEST - length + 1))
    value = Decimal((int(negative and digits > 0), tuple(map(int, str(digits))), shift))
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) if digits else "0"


NUMBERS = st.builds(
    written,
    st.integers(0, 1000) | st.integers(0, 10**38 - 1),
    st.just(0) | st.integers(-5, 5) | st.integers(SMALLEST, LARGEST),
    negative=st.booleans(),
)


def significant(number: str) -> int:
    """How many digits a number is written with."""
    return len(number.lstrip("-").replace(".", "").lstrip("0"))


@given(NUMBERS)
def test_a_number_stays_a_number_of_like_length(number: str) -> None:
    """Sign, magnitude and decimals stay; the value does not; the same value gets the same one."""
    masked = ONE.number(number)

    before, after = Decimal(number), Decimal(masked)
    assert before != after
    assert (masked, before < 0) == (ONE.number(number), after < 0)
    assert len(masked) == len(number)
    assert significant(masked) <= 38 or significant(number) > 38
    if before and abs(before) >= 10:
        assert before.adjusted() == after.adjusted()


@pytest.mark.parametrize(
    "one, other",
    [("1", "1.0"), ("100", "1E2"), ("-0", "0"), ("0.50", "5e-1"), ("1E+20", "1" + "0" * 20)],
)
def test_equal_numbers_are_equal_in_every_spelling(one: str, other: str) -> None:
    """A number is its value, so references stay whole however a number is written."""
    assert ONE.number(one) == ONE.number(other)


@pytest.mark.parametrize(
    "group",
    [
        pytest.param([str(n) for n in range(1000)], id="whole"),
        pytest.param([str(-n) for n in range(1, 1000)], id="negative"),
        pytest.param([format(Decimal(n) / 100, "f") for n in range(1, 1000)], id="decimals"),
        pytest.param([f"{n}E+100" for n in range(1, 500)], id="large"),
    ],
)
def test_numbers_that_differ_stay_apart(group: list[str]) -> None:
    """Masked keys do not collide: not one of the short numbers, where chance would."""
    before = {Decimal(number) for number in group}

    after = {Decimal(ONE.number(number)) for number in group}

    assert len(after) == len(before)


@given(TEXT.filter(bool))
def test_a_text_becomes_another(value: str) -> None:
    """No rule returns the text itself; each is deterministic, and another key gives another hash."""
    made = (ONE.text, ONE.name, ONE.email, ONE.words)
    masked = [make(value) for make in made]

    assert value not in masked
    assert masked == [make(value) for make in made]
    assert ONE.text(value) != OTHER.text(value)
    assert len(ONE.words(value)) == len(value)


@given(st.text(min_size=1, max_size=2000))
def test_fake_text_has_the_length_of_the_text(value: str) -> None:
    """Any length, and no white space at the end, which the eye would miss."""
    masked = ONE.words(value)

    assert (len(masked), masked.strip()) == (len(value), masked)


@pytest.mark.parametrize("make", [ONE.text, ONE.name, ONE.email, ONE.words, ONE.binary])
def test_what_is_empty_stays_empty(make: object) -> None:
    """An empty text and no bytes tell nothing, and some programs rely on them."""
    assert callable(make)
    assert make("") == ""


@given(BYTES.filter(bool))
def test_binary_stays_binary(value: str) -> None:
    """Bytes become 16 other bytes."""
    masked = ONE.binary(value)

    assert (len(base64.b64decode(masked)), masked != value) == (16, True)


def test_every_pseudonym_of_a_generated_name_is_another() -> None:
    """A value that happens to be a pseudonym already does not stay as it is."""
    names = {ONE.name(str(n)) for n in range(400)}

    assert not [name for name in names if ONE.name(name) == name]


def test_an_address_leads_nowhere() -> None:
    """Fake addresses are at a domain that is reserved for examples, and no two agree."""
    addresses = {ONE.email(f"{n}@real.org") for n in range(5000)}

    assert len(addresses) == 5000
    assert all(address.endswith("@example.com") for address in addresses)


def test_the_fingerprint_tells_keys_apart_and_nothing_else() -> None:
    """Equal keys have one fingerprint; neither it nor the repr shows the key."""
    key = b"an entirely secret key"
    made = Pseudonyms(key)

    assert made.fingerprint == Pseudonyms(key).fingerprint != ONE.fingerprint
    assert key.decode() not in f"{made!r}{made.fingerprint}"
