"""The endpoint of a record: this machine, or a container of its Docker engine, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.engines import claims

SOUND: dict[str, Any] = {
    "engine": "docker",
    "name": "mine",
    "endpoint": "http://127.0.0.1:8000",
    "started_at": "now",
    "used_at": 0.0,
    "persist": False,
    "shared": True,
}
CONTAINER = "c0ffee" * 2


@pytest.mark.parametrize(
    "endpoint, with_container, without",
    [
        ("http://127.0.0.1:8000", True, True),
        ("http://172.17.0.2:8000", True, False),
        ("http://192.168.16.3:8000", True, False),
        ("http://host.docker.internal:8123", True, False),
        ("http://10.0.0.7:8000", False, False),
        ("http://8.8.8.8:8000", False, False),
        ("http://host.docker.internal.evil.example:8123", False, False),
        ("http://evil.example:8000", False, False),
        ("https://172.17.0.2:8000", False, False),
    ],
)
def test_an_endpoint_is_near(endpoint: str, with_container: bool, without: bool) -> None:
    """Only a container is reached by a private address or by the name of its host."""
    values = {**SOUND, "endpoint": endpoint}

    assert (claims.problem({**values, "container": CONTAINER}, "mine") == "") is with_container
    assert (claims.problem(values, "mine") == "") is without


@pytest.mark.parametrize(
    "value, expected",
    [("/work/shop", "/work/shop"), ("", None), ("a\nb", None), ("x" * 5000, None), (5, None)],
)
def test_a_folder_is_recorded_if_a_record_may_hold_it(value: object, expected: str | None) -> None:
    """A path that no field may hold would make the whole record unreadable."""
    assert claims.text_or_none(value) == expected
