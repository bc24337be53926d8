"""Commands to type: one form, quoted for a shell."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config.commands import DEFAULT_ENGINE, command, engine_command
from osem_tasks.config.defaults import DEFAULTS

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
NAMES = st.from_regex(r"[A-Z][A-Z_]{0,6}", fullmatch=True)


@pytest.mark.parametrize(
    "task, words, variables, expected",
    [
        pytest.param("db.verify", (), {}, "inv db.verify", id="bare"),
        pytest.param(
            "db.verify", ("--env", "dev"), {}, "inv db.verify --env dev", id="with-options"
        ),
        pytest.param(
            "db.verify", ("--env", "my env"), {}, "inv db.verify --env 'my env'", id="quoted"
        ),
        pytest.param(
            "db.verify",
            (),
            {"AWS_ENDPOINT_URL": "http://a:1", "OSEM_DB_PREFIX": "a b"},
            "AWS_ENDPOINT_URL=http://a:1 OSEM_DB_PREFIX='a b' inv db.verify",
            id="with-variables",
        ),
    ],
)
def test_command(
    task: str, words: tuple[str, ...], variables: dict[str, str], expected: str
) -> None:
    """The variables of this one command come first, then the task and its options."""
    assert command(task, *words, variables=variables) == expected


@given(st.lists(WORDS, max_size=4), st.dictionaries(NAMES, WORDS, max_size=3))
def test_a_shell_reads_what_was_meant(words: list[str], variables: dict[str, str]) -> None:
    """Whatever a word or a value holds, a shell takes it for that very text."""
    line = command("db.verify", *words, variables=variables)

    settings = [f"{name}={value}" for name, value in variables.items()]
    assert shlex.split(line) == [*settings, "inv", "db.verify", *words]


@pytest.mark.parametrize(
    "engine, expected",
    [
        pytest.param(DEFAULT_ENGINE, "inv local.up --fresh", id="default"),
        pytest.param("mine", "inv local.up --name mine --fresh", id="named"),
    ],
)
def test_command_about_an_engine(engine: str, expected: str) -> None:
    """Only an engine of another name than the default one is named."""
    assert engine_command("local.up", engine, "--fresh") == expected


def test_the_default_engine_is_the_configured_default() -> None:
    """A command without --name is about the engine that the defaults name."""
    assert DEFAULTS["name"] == DEFAULT_ENGINE
