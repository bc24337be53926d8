"""Environments that share table names, name them by a pattern, or leave the tags out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config import guards
from osem_tasks.config.environments import BUILT_IN, Environment
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError
from tests.unit.config.test_ownership import MINE, TAGGED, THEIRS, Found

if TYPE_CHECKING:
    from collections.abc import Mapping


def known(changes: Mapping[str, Mapping[str, Any]], **common: Any) -> dict[str, Environment]:
    """The built-in environments with common changes, and with others by their names."""
    return {
        name: replace(place, **{**common, **changes.get(name, {})})
        for name, place in BUILT_IN.items()
    }


def refusal(env: str, environments: Mapping[str, Environment], **more: str) -> OsemError | None:
    """What stops a task that changes tables of ``env``."""
    region = more.pop("region", "us-east-1")
    target = resolve(environments[env], TargetOptions(), more)
    try:
        guards.check_prefix(target, environments.values(), region)
    except OsemError as error:
        return error
    return None


PINNED = {"dev": {"account": MINE}, "prod": {"account": THEIRS}}
ALL = {**PINNED, "staging": {"account": THEIRS}}
SAME = {"dev": {"account": MINE}, "prod": {"account": MINE}}
ONE = {"prod": {"account": THEIRS}}


@pytest.mark.parametrize("naming", [{"prefix": ""}, {"prefix": "x-"}, {"table_name": "{table}-x"}])
@pytest.mark.parametrize(
    "env, changes, region, allowed",
    [
        pytest.param("dev", PINNED, "us-east-1", True, id="different-accounts"),
        pytest.param("dev", SAME, "us-east-1", False, id="one-account"),
        pytest.param("dev", ONE, "us-east-1", False, id="only-one-is-pinned"),
        pytest.param("dev", {}, "us-east-1", False, id="none-is-pinned"),
        pytest.param("dev", {}, "eu-west-1", True, id="never-prod-s-strict-region"),
        pytest.param("staging", PINNED, "us-east-1", False, id="the-third-is-not-pinned"),
        pytest.param("prod", {}, "us-east-1", True, id="prod-itself"),
        pytest.param("local", {}, "us-east-1", True, id="local"),
    ],
)
def test_equal_names(
    naming: dict[str, str], env: str, changes: Any, region: str, allowed: bool
) -> None:
    """Two environments may share names where accounts or a strict region keep them apart."""
    error = refusal(env, known(changes, **naming), region=region)

    assert (error is None) == allowed
    assert error is None or error.code is ErrorCode.PROTECTED_ENVIRONMENT
    assert error is None or "account" in error.remediation


@pytest.mark.parametrize("changes, allowed", [({}, False), (SAME, False), (PINNED, True)])
def test_a_variable_that_gives_equal_names(changes: Any, allowed: bool) -> None:
    """OSEM_DB_PREFIX never leads a changing task to prod's account."""
    error = refusal("dev", known(changes), OSEM_DB_PREFIX="osem-prod-")

    assert (error is None) == allowed
    assert error is None or "unset OSEM_DB_PREFIX" in error.remediation


NO_TAGS = {"application": "", "environment_tag": ""}
PATTERN = {"table_name": "{table}-{env}"}
SHARED = {"table_name": "{table}-x"}


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(Found(known=known({}, **PATTERN)), id="pattern"),
        pytest.param(Found(known=known(ALL, **SHARED), tags={}), id="shared-in-two-accounts"),
        pytest.param(Found(known=known({}, **SHARED)), id="shared-told-apart-by-the-tag"),
        pytest.param(Found(known=known({}, **NO_TAGS), tags={}), id="no-tags-own-names"),
        pytest.param(
            Found(known=known({}, **NO_TAGS), tags={"Environment": "dev"}), id="a-tag-that-agrees"
        ),
        pytest.param(
            Found(
                known=known({**PINNED, "staging": {"account": THEIRS}}, **SHARED, **NO_TAGS),
                tags={},
            ),
            id="no-tags-shared-and-all-pinned",
        ),
    ],
)
def test_these_may_go(found: Found) -> None:
    """Name, account and tags, as far as there are any, are this environment's."""
    guards.check_deletion([found.claim])


@pytest.mark.parametrize(
    "found, said",
    [
        pytest.param(
            Found(known=known({}, **SHARED, **NO_TAGS), tags={}),
            "also declared",
            id="no-tags-shared",
        ),
        pytest.param(
            Found(known=known(PINNED, **SHARED, **NO_TAGS), tags={}),
            "also declared by environment 'staging'",
            id="the-third-is-not-pinned",
        ),
        pytest.param(
            Found(known=known(SAME, **SHARED, **NO_TAGS), tags={}),
            "also declared",
            id="one-account",
        ),
        pytest.param(
            Found(known=known({}, **NO_TAGS), tags={"Environment": "prod"}),
            "its tag Environment is 'prod'",
            id="another-environment-s-tag",
        ),
        pytest.param(
            Found(known=known({}, **NO_TAGS), tags={"Application": "billing"}),
            "its tag Application is 'billing'",
            id="another-application-s-tag",
        ),
        pytest.param(
            Found(known=known({}, **NO_TAGS), prefix="mine-", tags={}),
            "it has no tag Environment",
            id="only-the-variable-and-no-tags",
        ),
        pytest.param(
            Found(known=known({}, **PATTERN), prefix="mine-", tags={}),
            "it has no tag Environment",
            id="the-variable-before-a-pattern",
        ),
        pytest.param(
            Found(known=known({}, **PATTERN), tags={**TAGGED, "Environment": "prod"}),
            "its tag Environment is 'prod'",
            id="pattern-with-prod-s-tag",
        ),
        pytest.param(
            Found(known=known(PINNED, **SHARED), account=THEIRS), "account", id="prod-s-account"
        ),
    ],
)
def test_these_stay(found: Found, said: str) -> None:
    """Where no tag can tell two owners apart, the account has to."""
    with pytest.raises(OsemError) as caught:
        guards.check_deletion([found.claim])

    assert said in caught.value.message
