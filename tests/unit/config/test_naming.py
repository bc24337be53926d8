"""Real and declared table names: one value turns each into the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.naming import Naming, pattern_problem, prefix_problem
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.config.settings import Settings
from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import ConfigurationError

TEXTS = st.text("abAB09_.-", max_size=6)
NAMES = st.text("abAB09_.-", min_size=1, max_size=12)


@given(TEXTS, TEXTS, NAMES)
def test_a_real_name_leads_back_to_the_declared_one(before: str, after: str, name: str) -> None:
    """Naming is a bijection between declared names and the names that it owns."""
    naming = Naming(before, after)

    assert naming.declared(naming.real(name)) == name
    assert naming.owns(naming.real(name))


@given(TEXTS, TEXTS, NAMES)
def test_a_name_that_does_not_fit_is_nobody_s(before: str, after: str, name: str) -> None:
    """What has a declared name is the real name of it, and nothing else has one."""
    naming = Naming(before, after)
    declared = naming.declared(name)

    assert declared is None or naming.real(declared) == name


@pytest.mark.parametrize(
    "naming, real, declared",
    [
        pytest.param(Naming("a-", "-b"), "a-b", None, id="the-texts-overlap"),
        pytest.param(Naming("a-", "-b"), "a--b", None, id="nothing-between"),
        pytest.param(Naming("", "-dev"), "Users-dev", "Users", id="suffix"),
        pytest.param(Naming("", "-dev"), "Users-develop", None, id="longer-suffix"),
        pytest.param(Naming("dev-"), "develop-Users", None, id="longer-prefix"),
        pytest.param(Naming(), "Users", "Users", id="as-declared"),
    ],
)
def test_edges(naming: Naming, real: str, declared: str | None) -> None:
    """Neither the text before nor the one after is a name."""
    assert naming.declared(real) == declared


@pytest.mark.parametrize(
    "pattern, problem",
    [
        ("{table}-{env}", ""),
        ("{env}.{table}", ""),
        ("{table}", ""),
        ("shop-{env}", "exactly once"),
        ("", "exactly once"),
        ("{table}{table}", "exactly once"),
        ("{Table}-{env}", "exactly once"),
        (5, "exactly once"),
        (None, "exactly once"),
        ("{table}-{stage}", "letters, digits"),
        ("{table}-{prefix}", "letters, digits"),
        ("{table} {env}", "letters, digits"),
        ("tablé-{table}", "letters, digits"),
    ],
)
def test_a_pattern(pattern: object, problem: str) -> None:
    """A pattern has the table once, and otherwise what a table name may hold."""
    found = pattern_problem(pattern)

    assert (problem in found, bool(found)) == (True, bool(problem))


@pytest.mark.parametrize(
    "prefix, problem",
    [
        ("", ""),
        ("shop-{env}-", ""),
        ("{table}-", "table_name"),
        ("shop-{stage}-", "letters, digits"),
        ("shop dev", "letters, digits"),
        (5, "a string"),
    ],
)
def test_a_prefix(prefix: object, problem: str) -> None:
    """A prefix that DynamoDB would refuse for every table is refused once."""
    found = prefix_problem(prefix)

    assert (problem in found, bool(found)) == (True, bool(problem))


def naming_of(configuration: dict[str, Any], env: str, variables: dict[str, str]) -> Naming:
    """The naming of a task in this environment."""
    settings = Settings.read(configuration, variables, engines=("auto",))
    return resolve(settings.environments[env], TargetOptions(), variables).naming


PATTERN = {"table_name": "{table}-{env}"}


@pytest.mark.parametrize(
    "configuration, env, variables, pattern",
    [
        pytest.param({}, "dev", {}, "osem-dev-{table}", id="default"),
        pytest.param(PATTERN, "dev", {}, "{table}-dev", id="general"),
        pytest.param({"name": "{table}-{env}"}, "qa", {}, "{table}-qa", id="as-name"),
        pytest.param({"prefix": "p-{env}-"}, "dev", {}, "p-dev-{table}", id="general-prefix"),
        pytest.param(
            {**PATTERN, "environments": {"dev": {"prefix": "d-"}}}, "dev", {}, "d-{table}", id="own"
        ),
        pytest.param(
            {"prefix": "p-", "environments": {"dev": {"table_name": "{table}.{env}"}}},
            "dev",
            {},
            "{table}.dev",
            id="own-pattern",
        ),
        pytest.param(
            {"environments": {"dev": {"name": "x-{table}"}}}, "dev", {}, "x-{table}", id="own-name"
        ),
        pytest.param({}, "dev", {"OSEM_DB_PREFIX": "ci-"}, "ci-{table}", id="variable"),
        pytest.param(
            PATTERN, "dev", {"OSEM_DB_PREFIX": "ci-"}, "ci-{table}-dev", id="variable-and-pattern"
        ),
    ],
)
def test_which_naming_holds(
    configuration: dict[str, Any], env: str, variables: dict[str, str], pattern: str
) -> None:
    """The environment's own, then the general one; the variable replaces what stands before."""
    known = {"environments": {"qa": {"where": "aws"}}, **configuration}

    naming = naming_of(known, env, variables)

    assert naming.pattern == pattern
    assert naming.real("Users") == pattern.replace("{table}", "Users")


@pytest.mark.parametrize(
    "configuration",
    [
        {"prefix": "p-", "table_name": "{table}-x"},
        {"prefix": "p-", "name": "{table}-x"},
        {"environments": {"dev": {"prefix": "p-", "table_name": "{table}-x"}}},
        {"environments": {"dev": {"prefix": "p-", "name": "{table}-x"}}},
    ],
)
def test_two_namings_contradict(configuration: dict[str, Any]) -> None:
    """A prefix and a pattern at one level: which one is meant is not guessed."""
    with pytest.raises(ConfigurationError, match="both say how tables are named; leave one out"):
        Settings.read(configuration, {}, engines=("auto",))


def test_tables_get_the_names_of_the_pattern() -> None:
    """What is created, verified and deleted has the name that the target line shows."""
    settings = Settings.read(PATTERN, {}, engines=("auto",))
    target = resolve(settings.environments["dev"], TargetOptions(), {})

    names = target.tables_of(TABLES).names

    assert names == tuple(f"{name}-dev" for name in TABLES.names)
    assert str(target.naming) == "names {table}-dev"


@pytest.mark.parametrize(
    "configuration, tags",
    [
        ({}, {"Application": "osem-ladders", "Environment": "dev"}),
        ({"application": "", "environment_tag": ""}, {}),
        (
            {"environment_tag": "stage-{env}"},
            {"Application": "osem-ladders", "Environment": "stage-dev"},
        ),
        ({"environment_tag": ""}, {"Application": "osem-ladders"}),
    ],
)
def test_tags_can_be_left_out(configuration: dict[str, Any], tags: dict[str, str]) -> None:
    """A tag with an empty value is left out."""
    settings = Settings.read(configuration, {}, engines=("auto",))

    assert settings.environments["dev"].all_tags == tags
    assert BUILT_IN["dev"].all_tags["Environment"] == "dev"
