"""``osem.parameters``: texts for a template, general and of an environment."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.declarations.context import Context
from tests.unit.config.test_settings import problems_of, read

LOCAL = TargetOptions()


@pytest.mark.parametrize(
    "value, expected",
    [
        pytest.param("dev", "dev", id="text"),
        pytest.param("{env}-x", "qa-x", id="environment"),
        pytest.param(5, "5", id="number"),
        pytest.param(True, "true", id="flag"),
        pytest.param(["a", 2, "{env}"], "a,2,qa", id="list"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_parameter_is_a_text(value: Any, expected: str) -> None:
    """Scalars become texts as in a template, a list is joined, {env} is the environment."""
    settings = read({"parameters": {"P": value}, "environments": {"qa": {"where": "local"}}})

    assert settings.environments["qa"].parameters == {"P": expected}


def test_an_environment_s_own_parameters_win() -> None:
    """What an environment does not say holds from ``osem.parameters``."""
    settings = read(
        {
            "parameters": {"Stage": "{env}", "AWS::StackName": "shop"},
            "environments": {"prod": {"parameters": {"Stage": "production"}}},
        }
    )

    assert settings.environments["prod"].parameters == {
        "Stage": "production",
        "AWS::StackName": "shop",
    }
    assert settings.environments["dev"].parameters == {"Stage": "dev", "AWS::StackName": "shop"}


@pytest.mark.parametrize(
    "given, words",
    [
        pytest.param(["a"], "parameters must map names to values, not ['a']", id="list"),
        pytest.param({"a": {"b": "c"}}, "parameters.a must be a string, a number", id="mapping"),
        pytest.param({"a": None}, "parameters.a must be a string, a number", id="null"),
        pytest.param({"a": [["b"]]}, "parameters.a must be a string, a number", id="list-of-lists"),
        pytest.param({5: "a"}, "parameters: the name 5 must be a string", id="number"),
        pytest.param(
            {"AWS::AccountId": 1234}, "AWS::AccountId must be 12 digits in quotes", id="account"
        ),
    ],
)
def test_a_wrong_parameter_is_named(given: Any, words: str) -> None:
    """The key and what is expected, under ``osem`` and under an environment."""
    (general,) = problems_of({"parameters": given})
    (own,) = problems_of({"environments": {"qa": {"parameters": given}}})

    assert general.startswith("osem.parameters")
    assert own.startswith("osem.environments.qa.parameters")
    assert words in general
    assert words in own


def context(environment: dict[str, Any], options: TargetOptions, **known: str) -> Context:
    """What a declaration may depend on for the target of an environment."""
    settings = read({"environments": {"qa": environment}})
    return resolve(settings.environments["qa"], options, {}).context(**known)


@pytest.mark.parametrize(
    "environment, options, known, expected",
    [
        pytest.param(
            {"where": "local"},
            TargetOptions(),
            {},
            Context(region="us-east-1", account="000000000000"),
            id="local",
        ),
        pytest.param(
            {"where": "local"},
            TargetOptions(region="eu-west-1"),
            {},
            Context(region="eu-west-1", account="000000000000"),
            id="local-region",
        ),
        pytest.param(
            {"where": "aws"},
            TargetOptions(),
            {},
            Context(region=None, account=None, local=False),
            id="aws-unknown",
        ),
        pytest.param(
            {"where": "aws", "region": "eu-west-1", "account": "111122223333"},
            TargetOptions(),
            {},
            Context(region="eu-west-1", account="111122223333", local=False),
            id="aws-expected",
        ),
        pytest.param(
            {"where": "aws", "region": "eu-west-1"},
            TargetOptions(region="us-west-2"),
            {"region": "us-west-2", "account": "444455556666"},
            Context(region="us-west-2", account="444455556666", local=False),
            id="aws-known",
        ),
        pytest.param(
            {"where": "aws", "account": "111122223333"},
            TargetOptions(endpoint="http://127.0.0.1:8000"),
            {},
            Context(region="us-east-1", account="111122223333"),
            id="names-of-aws-on-a-local-engine",
        ),
    ],
)
def test_region_and_account_are_the_target_s(
    environment: dict[str, Any], options: TargetOptions, known: dict[str, str], expected: Context
) -> None:
    """What is known wins, then what the environment says, then what local engines have."""
    assert context(environment, options, **known) == expected
