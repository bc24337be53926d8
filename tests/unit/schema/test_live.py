"""A live table: when it and its indexes have come to rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.schema.base import BASE, live


@pytest.mark.parametrize(
    "state, expected",
    [
        pytest.param({}, True, id="active"),
        pytest.param({"index_status": {"a": "ACTIVE"}}, True, id="index-active"),
        pytest.param({"status": "CREATING"}, False, id="creating"),
        pytest.param(
            {"index_status": {"a": "ACTIVE", "b": "CREATING"}}, False, id="index-creating"
        ),
    ],
)
def test_table_is_ready_with_all_its_indexes(state: dict[str, Any], expected: bool) -> None:
    """A table is ready when it and every index of it are ACTIVE."""
    assert expected == live(BASE, **state).ready


@pytest.mark.parametrize(
    "state, expected",
    [
        pytest.param({}, (), id="at-rest"),
        pytest.param(
            {"status": "UPDATING", "index_status": {"a": "DELETING", "b": "ACTIVE"}},
            ("DELETING", "UPDATING"),
            id="table-and-index",
        ),
        pytest.param(
            {"index_status": {"a": "CREATING", "b": "CREATING"}}, ("CREATING",), id="each-once"
        ),
    ],
)
def test_the_states_that_are_waited_for(state: dict[str, Any], expected: tuple[str, ...]) -> None:
    """``unready`` names every state that is not ACTIVE once, sorted."""
    assert expected == live(BASE, **state).unready
