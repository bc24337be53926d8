"""The values of an engine: a request is repeated as the command that makes it."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.config.commands import DEFAULT_ENGINE
from osem_tasks.engines.base import EngineRecord, EngineRequest, Owner


def request(**facts: Any) -> EngineRequest:
    """A request of the default engine, with these facts."""
    defaults = {"name": DEFAULT_ENGINE, "default_port": 8000, "default_image": "i", "timeout": 60}
    return EngineRequest(**{**defaults, **facts})


@pytest.mark.parametrize(
    "facts, expected",
    [
        pytest.param({}, "inv local.up", id="nothing-requested"),
        pytest.param({"default_port": 1, "timeout": 5.0}, "inv local.up", id="configured"),
        pytest.param({"engine": "moto"}, "inv local.up --engine moto", id="engine"),
        pytest.param({"name": "a b"}, "inv local.up --name 'a b'", id="name-quoted"),
        pytest.param({"port": 0}, "inv local.up --port 0", id="any-port"),
        pytest.param({"persist": False}, "inv local.up", id="persist-not-requested"),
        pytest.param(
            {
                "name": "x",
                "engine": "docker",
                "port": 9000,
                "image": "mine:1",
                "persist": True,
                "shared": False,
                "fresh": True,
            },
            "inv local.up --name x --engine docker --port 9000 --image mine:1 --persist"
            " --isolated --fresh",
            id="everything",
        ),
    ],
)
def test_the_command_of_a_request(facts: dict[str, Any], expected: str) -> None:
    """Every option that was given, and none that was not."""
    assert expected == request(**facts).command()


def test_words_are_added_at_the_end() -> None:
    """A remedy may add an option."""
    assert request(port=0).command("--timeout", "120") == "inv local.up --port 0 --timeout 120"


def test_an_engine_is_replaced_by_two_commands() -> None:
    """It is stopped first; --fresh would also empty a volume."""
    expected = "inv local.down --name x && inv local.up --name x --port 9000"

    assert request(name="x", port=9000).replacing_command() == expected


@pytest.mark.parametrize(
    "owner, expected",
    [
        (None, {}),
        (Owner(pid=7, started=1.5), {"owner_pid": 7, "owner_started": 1.5}),
    ],
)
def test_the_owner_is_recorded(owner: Owner | None, expected: dict[str, Any]) -> None:
    """As fields of the record, or not at all."""
    assert expected == request(owner=owner).ownership


def test_the_document_of_a_record() -> None:
    """`local.status --json` shows these keys; times of use and owners are internal."""
    record = EngineRecord(engine="moto", name="x", endpoint="http://x", started_at="t", used_at=1.0)
    keys = "engine name endpoint startedAt persist image container pid log"

    assert list(record.as_json()) == keys.split()
