"""Numbers, sizes and columns, as every result shows them."""

from __future__ import annotations

import pytest

from osem_tasks.output.outcome import agreeing, aligned, counted, size


@pytest.mark.parametrize(
    "number, expected",
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1440, "1.4 kB"),
        (999_900, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_400_000, "1.4 MB"),
        (2_000_000_000, "2.0 GB"),
        (3_500_000_000_000, "3.5 TB"),
        (1_000_000_000_000_000, "1000.0 TB"),
    ],
)
def test_size(number: int, expected: str) -> None:
    """Bytes are shown in the unit that leaves a number below 1000, TB being the last."""
    assert expected == size(number)


@pytest.mark.parametrize(
    "number, noun, expected",
    [
        (0, "table", "0 tables"),
        (1, "table", "1 table"),
        (2, "table", "2 tables"),
        (1, "index", "1 index"),
        (2, "index", "2 indexes"),
    ],
)
def test_counted(number: int, noun: str, expected: str) -> None:
    """A number with its noun, in the plural but for one."""
    assert expected == counted(number, noun)


@pytest.mark.parametrize(
    "rows, expected",
    [
        pytest.param([], [], id="nothing"),
        pytest.param([("a", "b")], ["a  b"], id="one-row"),
        pytest.param([("a", "b"), ("long", "c")], ["a     b", "long  c"], id="widest-cell-counts"),
        pytest.param([("a", ""), ("long", "c")], ["a", "long  c"], id="no-blanks-at-the-end"),
        pytest.param([("", "b"), ("a", "c")], ["   b", "a  c"], id="empty-first-cell"),
    ],
)
def test_columns_are_aligned(rows: list[tuple[str, ...]], expected: list[str]) -> None:
    """Every column is as wide as its widest cell."""
    assert expected == aligned(rows)


@pytest.mark.parametrize(
    "number, verb, expected",
    [
        (0, "match", "0 tables match"),
        (1, "match", "1 table matches"),
        (1, "agree", "1 table agrees"),
        (1, "exist", "1 table exists"),
        (2, "exist", "2 tables exist"),
    ],
)
def test_a_verb_agrees_with_its_number(number: int, verb: str, expected: str) -> None:
    """One table matches, two tables match."""
    assert agreeing(number, "table", verb) == expected
