"""Environments: the built-in ones, what configuration adds, and what it gets wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from osem_tasks.config.environments import BUILT_IN, Environment, configured

LOCAL = {"where": "local", "region": None, "region_strict": False}
AWS = {"where": "aws", "region": "us-east-1", "region_strict": False}
OPEN = {"protected": False, "deletion_protection": None, "point_in_time_recovery": None}
CLOSED = {"protected": True, "deletion_protection": True, "point_in_time_recovery": True}


@pytest.mark.parametrize(
    "name, expected",
    [
        pytest.param("local", {**LOCAL, **OPEN}, id="local"),
        pytest.param("test", {**LOCAL, **OPEN}, id="test"),
        pytest.param("dev", {**AWS, **OPEN}, id="dev"),
        pytest.param("staging", {**AWS, **OPEN}, id="staging"),
        pytest.param("prod", {**AWS, **CLOSED, "region_strict": True}, id="prod"),
    ],
)
def test_built_in_environment(name: str, expected: dict[str, Any]) -> None:
    """The environment decides where, how strictly, and how protected."""
    nothing_else: dict[str, Any] = {
        "name": name,
        "account": None,
        "prefix": None,
        "table_name": None,
        "tags": {},
        "parameters": {},
        "seed": None,
        "application": "osem-ladders",
        "environment_tag": "{env}",
    }

    assert {**expected, **nothing_else} == asdict(BUILT_IN[name])


def test_built_in_names() -> None:
    """There are five environments, in this order."""
    assert list(BUILT_IN) == ["local", "test", "dev", "staging", "prod"]


@pytest.mark.parametrize(
    "facts, prefix, tags",
    [
        pytest.param(
            {}, "osem-qa-", {"Application": "osem-ladders", "Environment": "qa"}, id="by-name"
        ),
        pytest.param(
            {"prefix": "acme-", "tags": {"Team": "core", "Environment": "quality"}},
            "acme-",
            {"Application": "osem-ladders", "Environment": "quality", "Team": "core"},
            id="configured",
        ),
        pytest.param(
            {"prefix": ""}, "", {"Application": "osem-ladders", "Environment": "qa"}, id="no-prefix"
        ),
    ],
)
def test_prefix_and_tags(facts: dict[str, Any], prefix: str, tags: dict[str, str]) -> None:
    """Prefix and tags follow from the name, unless they are configured."""
    environment = Environment(name="qa", where="aws", **facts)

    assert (prefix, tags) == (environment.default_prefix, environment.all_tags)


@pytest.mark.parametrize(
    "declared, name, expected",
    [
        pytest.param(
            {"dev": {"account": "012345678901"}},
            "dev",
            {**asdict(BUILT_IN["dev"]), "account": "012345678901"},
            id="one-fact-of-a-built-in",
        ),
        pytest.param(
            {"dev": {"tags": {"Team": "core"}, "region": "eu-west-1"}},
            "dev",
            {**asdict(BUILT_IN["dev"]), "tags": {"Team": "core"}, "region": "eu-west-1"},
            id="several-facts",
        ),
        pytest.param({"prod": {}}, "prod", asdict(BUILT_IN["prod"]), id="nothing"),
        pytest.param(
            {"qa": {}}, "qa", asdict(Environment(name="qa", where="aws")), id="new-is-on-aws"
        ),
        pytest.param(
            {"qa": {"where": "local"}},
            "qa",
            asdict(Environment(name="qa", where="local")),
            id="new-local",
        ),
        pytest.param(
            {7: {"where": "local"}},
            "7",
            asdict(Environment(name="7", where="local")),
            id="name-that-yaml-reads-as-a-number",
        ),
    ],
)
def test_configured_environment(declared: object, name: str, expected: dict[str, Any]) -> None:
    """Configuration adds environments and overrides single facts of the built-in ones."""
    known, problems = configured(declared)

    assert problems == []
    assert expected == asdict(known[name])


def test_configuration_leaves_the_others_alone() -> None:
    """What is not configured stays built in, and the built-in ones stay as they are."""
    known, _ = configured({"dev": {"prefix": "acme-"}})

    assert {**BUILT_IN, "dev": known["dev"]} == known
    assert BUILT_IN["dev"].prefix is None


ACCOUNT = "account must be the 12 digits of an account id in quotes"
WRONG: list[tuple[str, object, str]] = [
    ("where", "mars", "where must be 'local' or 'aws'"),
    ("where", None, "where must be 'local' or 'aws'"),
    *(
        (key, value, f"{key} must be true or false")
        for key in (
            "region_strict",
            "protected",
            "deletion_protection",
            "point_in_time_recovery",
        )
        for value in ("yes", 1)
    ),
    ("tags", ["a"], "tags must map strings to strings"),
    ("tags", {"a": 1}, "tags must map strings to strings"),
    ("tags", {1: "a"}, "tags must map strings to strings"),
    ("account", 123456789012, ACCOUNT),
    ("account", "12345678901", ACCOUNT),
    ("account", "12345678901x", ACCOUNT),
    ("account", "١٢٣٤٥٦٧٨٩٠١٢", ACCOUNT),
    ("region", 1, "region must be a string"),
    ("prefix", None, "prefix must be a string"),
]


@pytest.mark.parametrize(
    "key, value, problem",
    [pytest.param(*row, id=f"{row[0]}-{row[1]!r}".replace(" ", "")) for row in WRONG],
)
def test_wrong_value(key: str, value: object, problem: str) -> None:
    """A wrong value is one problem, with its place and what was found."""
    known, problems = configured({"qa": {key: value}})

    assert [f"osem.environments.qa.{problem}, not {value!r}"] == problems
    assert known == BUILT_IN


@pytest.mark.parametrize("declared", [None, [], "dev", 1], ids=repr)
def test_environments_must_be_a_mapping(declared: object) -> None:
    """Anything but a mapping of names is one problem."""
    assert (BUILT_IN, [f"osem.environments must be a mapping, not {declared!r}"]) == configured(
        declared
    )


@pytest.mark.parametrize("values", [None, [], "local", True], ids=repr)
def test_one_environment_must_be_a_mapping(values: object) -> None:
    """Anything but a mapping of facts is one problem."""
    _, problems = configured({"qa": values})

    assert [f"osem.environments.qa must be a mapping, not {values!r}"] == problems


def test_all_problems_are_reported_at_once() -> None:
    """Every problem of every environment is listed, and the sound ones are taken."""
    known, problems = configured(
        {
            "one": {"where": "mars", "colour": "red"},
            "two": {"protected": "no"},
            "three": {"where": "local"},
        }
    )

    assert [problem.split()[0] for problem in problems] == [
        "osem.environments.one.where",
        "osem.environments.one.colour",
        "osem.environments.two.protected",
    ]
    assert [*BUILT_IN, "three"] == list(known)


def test_name_of_an_environment_is_no_fact() -> None:
    """``name`` is the key itself and cannot be configured."""
    _, problems = configured({"qa": {"name": "other"}})

    assert [problem.split()[0] for problem in problems] == ["osem.environments.qa.name"]


def test_the_protection_of_prod_cannot_be_lifted() -> None:
    """A configuration may protect more, never less: no task deletes prod's tables."""
    known, problems = configured({"prod": {"protected": False, "region": "eu-west-1"}})

    assert [problem.split()[0] for problem in problems] == ["osem.environments.prod.protected"]
    assert known["prod"] == BUILT_IN["prod"]
