"""Which engine the plugin uses, and which settings it refuses before any test."""

from __future__ import annotations

import pytest

from osem_tasks.errors import ConfigurationError
from osem_tasks.pytest_plugin.options import ENDPOINT, chosen_endpoint
from tests.support.projects import run

SPECIFIC, GENERAL = "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"
ONE, OTHER, AWS = (
    "http://dynamodb:8000",
    "http://127.0.0.1:4566",
    "https://dynamodb.eu-west-1.api.aws",
)


@pytest.mark.parametrize(
    "named, engine, variables, expected",
    [
        pytest.param(ONE, "", {SPECIFIC: OTHER}, (ONE, ENDPOINT), id="the-setting-first"),
        pytest.param(ONE, "moto", {SPECIFIC: OTHER}, (ONE, ENDPOINT), id="over-an-engine"),
        pytest.param("", "moto", {SPECIFIC: OTHER}, ("", ""), id="an-engine-over-variables"),
        pytest.param("", "auto", {GENERAL: OTHER}, ("", ""), id="auto-is-an-engine-too"),
        pytest.param("", "", {SPECIFIC: ONE, GENERAL: OTHER}, (ONE, SPECIFIC), id="specific"),
        pytest.param("", "", {SPECIFIC: "", GENERAL: OTHER}, (OTHER, GENERAL), id="empty-is-unset"),
        pytest.param("", "", {GENERAL: AWS}, ("", ""), id="never-aws"),
        pytest.param("", "", {SPECIFIC: AWS, GENERAL: OTHER}, (OTHER, GENERAL), id="passed-over"),
        pytest.param("", "", {}, ("", ""), id="nothing"),
    ],
)
def test_the_first_name_of_an_engine_wins(
    named: str, engine: str, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    """The setting, then the variables, unless an engine is asked for; AWS never."""
    assert chosen_endpoint(named, engine, variables) == expected


@pytest.mark.parametrize("name", [SPECIFIC, GENERAL])
def test_a_variable_without_a_url_is_named(name: str) -> None:
    """It is not passed over: somebody means an engine with it."""
    with pytest.raises(ConfigurationError, match=f"{name} has no scheme"):
        chosen_endpoint("", "", {name: "localhost:8000"})


@pytest.mark.process
@pytest.mark.parametrize(
    "option, words",
    [
        ("--dynamodb-endpoint=localhost:8000", "no scheme: 'localhost:8000'"),
        ("--dynamodb-endpoint=localhost:8000", "http://localhost:8000"),
        ("--dynamodb-endpoint=https://dynamodb.us-east-1.amazonaws.com", "leads to AWS"),
        ("--dynamodb-endpoint=", "--dynamodb-endpoint is empty"),
        ("--dynamodb-engine=", "--dynamodb-engine is empty"),
        (
            "--dynamodb-engine=mysql",
            "must be one of auto, docker, java, ministack, moto, not mysql",
        ),
        ("--dynamodb-isolation=table", "must be one of keys, prefix, not table"),
        ("--dynamodb-scope=run", "must be one of session, package"),
        ("--override-ini=dynamodb_keep=maybe", "dynamodb_keep must be true or false"),
    ],
)
def test_an_impossible_setting_stops_the_run(
    tmp_path_factory: pytest.TempPathFactory, option: str, words: str
) -> None:
    """One line, with what to write, before anything is collected."""
    done = run(tmp_path_factory.mktemp("project"), "-p", "no:randomly", option)

    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (4, True, False)
