"""The command lines that messages propose: they reach the same target from any shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from osem_tasks.config.endpoints import same_place
from osem_tasks.config.environments import BUILT_IN, Environment
from osem_tasks.config.local_access import DEFAULT_REGION
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.config.target import ENDPOINT_VARIABLES, Target
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

REGIONS = ("us-east-1", "eu-west-1")
LOOPBACK = ("http://127.0.0.1:8000", "http://localhost:8000", "http://127.0.0.1:9001/")
REMOTE = ("http://engine:8000", "https://proxy.example:8443")
URLS = st.sampled_from((*LOOPBACK, *REMOTE, "https://dynamodb.eu-west-1.amazonaws.com"))
# Blanks, quotes and dollars too: what is proposed is typed into a shell.
WORDS = st.text("ab -_'\"$*", min_size=1, max_size=5).filter(lambda text: text[0] in "ab$'*")
ENVIRONMENTS = st.sampled_from(tuple(BUILT_IN.values())) | st.builds(
    Environment,
    name=st.just("qa"),
    where=st.sampled_from(("local", "aws")),
    region=st.none() | st.sampled_from(REGIONS),
    prefix=st.none() | st.sampled_from(("", "acme-")),
)
OPTIONS = st.builds(
    TargetOptions,
    region=st.none() | st.sampled_from(REGIONS),
    endpoint=st.none() | URLS,
    profile=st.none() | WORDS,
    force=st.booleans(),
    started=st.none() | st.sampled_from(LOOPBACK),
    recorded=st.none() | st.sampled_from(LOOPBACK),
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(ENDPOINT_VARIABLES, URLS),
        "AWS_REGION": st.sampled_from(REGIONS),
        "AWS_DEFAULT_REGION": st.sampled_from(REGIONS),
        "AWS_PROFILE": WORDS,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": st.sampled_from(("true", "false")),
        "OSEM_DB_PREFIX": WORDS,
        "OSEM_LOCAL_NAME": st.just("mine"),
    },
)


@dataclass(frozen=True)
class Typed:
    """A command line as a shell takes it apart."""

    variables: Mapping[str, str]
    words: tuple[str, ...]
    environment: str
    options: TargetOptions


def typed(line: str) -> Typed:
    """What a shell and Invoke make of ``line``."""
    words = shlex.split(line)
    begin = words.index("inv")
    variables = dict(word.split("=", 1) for word in words[:begin])
    values: dict[str, str] = {}
    force = False
    rest = iter(words[begin + 2 :])
    for word in rest:
        if word == "--force":
            force = True
        else:
            values[word.removeprefix("--")] = next(rest)
    environment = values.pop("env")
    options = TargetOptions(**values, force=force)
    return Typed(variables, tuple(words[begin : begin + 2]), environment, options)


def resolved(
    environment: Environment, options: TargetOptions, variables: Mapping[str, str]
) -> Target:
    """The target, where the options and variables do not contradict each other."""
    try:
        return resolve(environment, options, variables)
    except OsemError:
        assume(False)
        raise


def again(
    environment: Environment, first: Target, options: TargetOptions, variables: Mapping[str, str]
) -> Target:
    """The target of the proposed command, typed into an otherwise empty shell.

    The engines that run are still there; but which of them is found by itself depends on
    OSEM_LOCAL_NAME, which that shell does not have.
    """
    command = typed(first.command("db.verify"))
    assert (command.words, command.environment) == (("inv", "db.verify"), environment.name)
    assert command.options.force == options.force
    other = "http://127.0.0.1:7777" if "OSEM_LOCAL_NAME" in variables else options.recorded
    return resolve(environment, replace(command.options, recorded=other), command.variables)


@given(ENVIRONMENTS, OPTIONS, VARIABLES)
def test_a_proposed_command_reaches_the_same_target(
    environment: Environment, options: TargetOptions, variables: dict[str, str]
) -> None:
    """Its settings and options, in an otherwise empty shell, lead to the same tables."""
    first = resolved(environment, options, variables)

    second = again(environment, first, options, variables)

    profile = first.profile or (None if first.local else variables.get("AWS_PROFILE"))
    assert (second.local, second.prefix, second.diverted_by) == (
        first.local,
        first.prefix,
        first.diverted_by,
    )
    assert second.profile == profile
    assert first.endpoint == second.endpoint or same_place(first.endpoint, second.endpoint)


@pytest.mark.parametrize("local", [False, True], ids=["on-aws", "on-a-local-engine"])
@given(environment=ENVIRONMENTS, options=OPTIONS, variables=VARIABLES)
def test_a_proposed_command_reaches_the_same_region(
    local: bool, environment: Environment, options: TargetOptions, variables: dict[str, str]
) -> None:
    """A region that a variable chose is part of the command, unless it is the default anyway.

    moto, too, keeps the tables of each region apart.
    """
    first = resolved(environment, options, variables)
    assume(first.local == local)

    second = again(environment, first, options, variables)

    assert (second.region or DEFAULT_REGION) == (first.region or DEFAULT_REGION)


@pytest.mark.parametrize(
    "name, options, variables, expected",
    [
        pytest.param("dev", {}, {}, "inv db.setup --env dev", id="plain"),
        pytest.param(
            "dev",
            {"profile": "two words", "force": True},
            {},
            "inv db.setup --env dev --profile 'two words' --force",
            id="quoted",
        ),
        pytest.param(
            "dev",
            {},
            {"AWS_PROFILE": "team", "AWS_REGION": "eu-west-1"},
            "inv db.setup --env dev --region eu-west-1 --profile team",
            id="variables-become-options",
        ),
        pytest.param(
            "dev",
            {},
            {"AWS_ENDPOINT_URL": "https://proxy.example:8443"},
            "AWS_ENDPOINT_URL=https://proxy.example:8443 inv db.setup --env dev",
            id="a-diverting-variable-stays-one",
        ),
        pytest.param(
            "local",
            {},
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9001", "OSEM_DB_PREFIX": "alice-"},
            "OSEM_DB_PREFIX=alice- inv db.setup --env local --endpoint http://127.0.0.1:9001",
            id="an-engine-that-a-variable-named",
        ),
        pytest.param(
            "local",
            {"started": "http://127.0.0.1:9001", "recorded": "http://127.0.0.1:9001"},
            {},
            "inv db.setup --env local",
            id="the-engine-that-is-found-anyway",
        ),
        pytest.param(
            "local",
            {"started": "http://127.0.0.1:9001", "recorded": "http://127.0.0.1:8000"},
            {},
            "inv db.setup --env local --endpoint http://127.0.0.1:9001",
            id="an-engine-that-is-not-found-later",
        ),
        pytest.param(
            "dev",
            {"endpoint": "http://127.0.0.1:8000"},
            {},
            "inv db.setup --env dev --endpoint http://127.0.0.1:8000",
            id="endpoint",
        ),
        pytest.param(
            "dev", {}, {"OSEM_DB_PREFIX": "osem-dev-"}, "inv db.setup --env dev", id="own-prefix"
        ),
    ],
)
def test_a_command_says_what_chose_its_target(
    name: str, options: dict[str, str], variables: dict[str, str], expected: str
) -> None:
    """Nothing is repeated that a later command would find by itself."""
    target = resolve(BUILT_IN[name], TargetOptions(**options), variables)  # type: ignore[arg-type]

    assert target.command("db.setup") == expected


def test_own_words_follow_the_options_of_the_target() -> None:
    """A task's own options stand at the end."""
    target = resolve(BUILT_IN["dev"], TargetOptions(region="eu-west-1"), {})

    assert target.command("db.repair", "--prune") == (
        "inv db.repair --env dev --region eu-west-1 --prune"
    )
