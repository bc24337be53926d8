"""The values of options of tasks that move items."""

from __future__ import annotations

import pytest

from osem_tasks.errors import ConfigurationError
from osem_tasks.tasks.data_options import rate_of, size_of


@pytest.mark.parametrize(
    "given, size",
    [
        ("10GB", 10**10),
        ("500 mb", 5 * 10**8),
        ("1.5TB", 15 * 10**11),
        ("2GiB", 2 << 30),
        ("4096", 4096),
        ("1B", 1),
        ("0", 0),
    ],
)
def test_a_size_has_a_number_and_a_unit(given: str, size: int) -> None:
    """In decimal units or binary ones, whatever the case."""
    assert size_of(given) == size


@pytest.mark.parametrize("given", ["", "GB", "-1GB", "10XB", "1,5GB", "1e3", "ten", "10GBB", "1IB"])
def test_what_is_no_size_says_what_one_is(given: str) -> None:
    """With examples."""
    with pytest.raises(ValueError, match='such as "500MB" or "10GB"'):
        size_of(given)


def test_a_rate_is_a_whole_number() -> None:
    """None where it is not given."""
    assert (rate_of(None), rate_of("25")) == (None, 25)


@pytest.mark.parametrize("given", ["0", "-5", "1.5", "fast", "1e3"])
def test_what_is_no_rate_is_refused(given: str) -> None:
    """The option and what it takes are named; no file is blamed for what was typed."""
    with pytest.raises(
        ConfigurationError, match=r"--rate.*whole number of capacity units"
    ) as caught:
        rate_of(given)

    assert "--rate" in caught.value.remediation
    assert "invoke.yaml" not in caught.value.remediation
