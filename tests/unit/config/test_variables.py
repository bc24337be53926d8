"""Variables that are set and empty: they count as unset, and are named where they would decide."""

from __future__ import annotations

import pytest

from osem_tasks.config.variables import DECIDING, chosen_by, empty_as_unset, passed_over, warning

EVERY = [name for names in DECIDING.values() for name in names]


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
@pytest.mark.parametrize("name", EVERY)
def test_an_empty_variable_is_unset_for_a_while(name: str, value: str) -> None:
    """botocore reads the environment by itself: the variable is not there meanwhile."""
    environment = {name: value, "OTHER": ""}

    with empty_as_unset(environment) as empty:
        assert environment == {"OTHER": ""}
        assert empty == {name}

    assert environment == {name: value, "OTHER": ""}


def test_what_is_set_stays() -> None:
    """A variable with a value is left alone."""
    environment = dict.fromkeys(EVERY, "x")

    with empty_as_unset(environment) as empty:
        assert (environment, empty) == (dict.fromkeys(EVERY, "x"), frozenset())


@pytest.mark.parametrize(
    "option, empty, variables, expected",
    [
        ("env", {"OSEM_ENV"}, {}, ["OSEM_ENV"]),
        ("env", {"OSEM_ENV"}, {"NODE_ENV": "production"}, ["OSEM_ENV"]),
        ("env", {"NODE_ENV"}, {"OSEM_ENV": "dev"}, []),
        ("env", {"OSEM_ENV", "NODE_ENV"}, {}, ["OSEM_ENV", "NODE_ENV"]),
        ("region", {"AWS_DEFAULT_REGION"}, {"AWS_REGION": "us-east-1"}, []),
        ("endpoint", {"AWS_ENDPOINT_URL"}, {}, ["AWS_ENDPOINT_URL"]),
        ("prefix", {"OSEM_ENV"}, {}, []),
    ],
)
def test_only_what_would_have_decided_is_told(
    option: str, empty: set[str], variables: dict[str, str], expected: list[str]
) -> None:
    """A variable behind one that has a value would have decided nothing."""
    assert passed_over(option, frozenset(empty), variables) == expected


def test_the_warning_names_the_variable() -> None:
    """What was passed over, and how it counts."""
    assert warning("OSEM_ENV") == "OSEM_ENV is set and empty: it counts as unset."


@pytest.mark.parametrize(
    "environment, option, shell, by",
    [
        ("dev", "--env", {"OSEM_ENV": "prod", "NODE_ENV": "test"}, "--env"),
        ("dev", "--from", {"OSEM_ENV": "prod"}, "--from"),
        ("prod", "", {"OSEM_ENV": "prod", "NODE_ENV": "development"}, "OSEM_ENV"),
        ("dev", "", {"NODE_ENV": "development"}, "NODE_ENV"),
        ("prod", "", {"NODE_ENV": "production"}, "NODE_ENV"),
        ("test", "", {"NODE_ENV": "test"}, "NODE_ENV"),
        ("local", "", {"NODE_ENV": "preview"}, ""),
        ("local", "", {"OSEM_ENV": ""}, ""),
        ("local", "", {}, ""),
    ],
)
def test_what_chose_the_environment(
    environment: str, option: str, shell: dict[str, str], by: str
) -> None:
    """The option, then OSEM_ENV, then a NODE_ENV that names an environment; else nothing did."""
    assert chosen_by(environment, option, shell) == by
