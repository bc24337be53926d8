"""The arguments of a call from a project's own code."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context

from osem_tasks.errors import ConfigurationError
from osem_tasks.tasks import db, local
from osem_tasks.tasks.arguments import bound


def arguments(task: Any, *args: Any, **given: Any) -> dict[str, Any]:
    """What the body of a task gets."""
    return bound(inspect.signature(task.body), Context(), args, given)


@pytest.mark.parametrize(
    "task, args, given, expected",
    [
        pytest.param(local.up, (), {}, {"port": None, "persist": False}, id="defaults"),
        pytest.param(local.up, (), {"port": 0}, {"port": "0"}, id="a-number"),
        pytest.param(local.up, (), {"port": "0"}, {"port": "0"}, id="a-text"),
        pytest.param(local.up, ("moto", 8123), {}, {"engine": "moto", "port": "8123"}, id="order"),
        pytest.param(local.logs, (), {"lines": 5}, {"lines": "5"}, id="a-number-of-lines"),
        pytest.param(db.setup, (), {"timeout": 30}, {"timeout": "30"}, id="seconds"),
        pytest.param(db.setup, (), {"env": None}, {"env": None}, id="none-is-the-default"),
        pytest.param(db.setup, (), {"timeout": None}, {"timeout": "600"}, id="none-of-a-default"),
        pytest.param(db.verify, (), {"junit": Path("a.xml")}, {"junit": "a.xml"}, id="a-path"),
        pytest.param(db.delete, (), {"table": ("A", "B")}, {"table": ["A", "B"]}, id="a-tuple"),
    ],
)
def test_values_have_the_form_of_the_command_line(
    task: Any, args: tuple[Any, ...], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Whatever Python value means an option's text arrives as that text."""
    found = arguments(task, *args, **given)

    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "task, given, words",
    [
        pytest.param(local.up, {"prot": 0}, "'prot'; did you mean 'port'", id="near"),
        pytest.param(db.setup, {"dryrun": True}, "did you mean 'dry_run'", id="underscore"),
        pytest.param(db.delete, {"yes": "no"}, "yes must be True or False", id="text-for-a-flag"),
        pytest.param(db.setup, {"quiet": 1}, "quiet must be True or False", id="number-for-a-flag"),
    ],
)
def test_wrong_arguments_are_named(task: Any, given: dict[str, Any], words: str) -> None:
    """A text for a flag would be true, even ``"no"``: it is refused."""
    with pytest.raises(ConfigurationError) as caught:
        arguments(task, **given)

    assert words in caught.value.message


def test_too_many_arguments_are_an_error_in_words() -> None:
    """Not a traceback of Python's."""
    with pytest.raises(ConfigurationError) as caught:
        arguments(local.status, *"abcdefgh")

    assert "too many positional arguments" in caught.value.message
