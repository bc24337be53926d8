"""What in a shell leads applications away from the engine, or hides its tables."""

from __future__ import annotations

import pytest

from osem_tasks.doctor import project, shell
from osem_tasks.findings import Status
from tests.support.situations import situation_of

ENGINE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "variables, status, words, remedy",
    [
        ({}, Status.OK, "no variable", ""),
        ({"AWS_ENDPOINT_URL": ""}, Status.OK, "no variable", ""),
        ({"AWS_ENDPOINT_URL": ENGINE}, Status.OK, "leads to the engine", ""),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:8000/"}, Status.OK, "leads to", ""),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
            Status.WARNING,
            "AWS_ENDPOINT_URL=http://127.0.0.1:4566 leads",
            "unset AWS_ENDPOINT_URL",
        ),
        (
            {"AWS_ENDPOINT_URL_DYNAMODB": "http://h:1", "AWS_ENDPOINT_URL": "http://h:2"},
            Status.WARNING,
            "AWS_ENDPOINT_URL_DYNAMODB=http://h:1",
            "unset AWS_ENDPOINT_URL_DYNAMODB AWS_ENDPOINT_URL",
        ),
        ({"AWS_ENDPOINT_URL": "http://h:port"}, Status.WARNING, "http://h:port", "unset"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, Status.WARNING, "nonsense", "unset"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("state")
def test_an_endpoint_that_leads_elsewhere_is_named(
    variables: dict[str, str], status: Status, words: str, remedy: str
) -> None:
    """With the variable that leads there, and the command that takes it away."""
    (found,) = shell.endpoint(situation_of(variables, default_port=8000))

    assert (found.status, words in found.message) == (status, True)
    assert found.remediation.startswith(remedy)


@pytest.mark.usefixtures("state")
def test_a_password_in_an_endpoint_is_not_shown() -> None:
    """The value is named without user name and password."""
    (found,) = shell.endpoint(situation_of({"AWS_ENDPOINT_URL": "http://me:s3cret@h:1"}))

    assert "s3cret" not in found.message + found.remediation


@pytest.mark.parametrize(
    "variables, status",
    [
        ({}, Status.OK),
        ({"HTTP_PROXY": ""}, Status.OK),
        ({"HTTP_PROXY": "http://p:1"}, Status.WARNING),
        ({"https_proxy": "http://p:1"}, Status.WARNING),
        ({"ALL_PROXY": "socks5://p:1"}, Status.WARNING),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "localhost"}, Status.WARNING),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "a, 127.0.0.1"}, Status.OK),
        ({"HTTP_PROXY": "http://p:1", "no_proxy": "*"}, Status.OK),
    ],
    ids=str,
)
@pytest.mark.usefixtures("state")
def test_a_proxy_before_the_engine_is_named(variables: dict[str, str], status: Status) -> None:
    """Unless the shell excludes the loopback; the remedy keeps what it excludes already."""
    (found,) = shell.proxy(situation_of(variables))

    assert found.status is status
    if status is Status.WARNING:
        kept = "".join(f"{host}," for host in [variables.get("NO_PROXY")] if host)
        assert found.remediation.startswith(f"export NO_PROXY='{kept}127.0.0.1'")
        assert "p:1" not in found.message


@pytest.mark.parametrize(
    "variables, shared, words",
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_REGION": "eu-west-1"}, True, ""),
        ({"AWS_ACCESS_KEY_ID": "osemlocal", "AWS_REGION": "us-east-1"}, False, ""),
        ({"AWS_ACCESS_KEY_ID": "AKIAX"}, False, "has AWS_ACCESS_KEY_ID:"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, False, "has the region eu-west-1:"),
        (
            {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_REGION": "eu-west-1"},
            False,
            "has AWS_ACCESS_KEY_ID and the region eu-west-1:",
        ),
    ],
    ids=str,
)
@pytest.mark.usefixtures("state")
def test_a_key_or_region_that_hides_tables_is_named(
    variables: dict[str, str], shared: bool, words: str
) -> None:
    """On an engine that keeps a database per key and region; the key itself is not shown."""
    (found,) = shell.keys(situation_of(variables, shared=shared))

    assert found.status is (Status.WARNING if words else Status.OK)
    assert words in found.message
    assert "AKIAX" not in found.message


@pytest.mark.parametrize(
    "variables, status, words, remedy",
    [
        ({}, Status.OK, "local (the default)", ""),
        ({"OSEM_ENV": "test"}, Status.OK, "test (OSEM_ENV)", ""),
        ({"NODE_ENV": "anything"}, Status.OK, "local (the default)", ""),
        ({"OSEM_ENV": "prod"}, Status.WARNING, "OSEM_ENV=prod chooses prod", "unset OSEM_ENV"),
        ({"NODE_ENV": "production"}, Status.WARNING, "chooses prod", "unset NODE_ENV"),
        ({"OSEM_ENV": "prd"}, Status.FAILED, "OSEM_ENV names the unknown", "Use one of"),
    ],
    ids=str,
)
def test_an_environment_that_a_variable_chooses_is_named(
    variables: dict[str, str], status: Status, words: str, remedy: str
) -> None:
    """One that does not exist would stop db.setup; one on AWS gives other names."""
    (found,) = project.environment(situation_of(variables))

    assert (found.status, words in found.message) == (status, True)
    assert found.remediation.startswith(remedy)


def test_the_variables_of_this_suite_are_named() -> None:
    """With their values, and the command that takes them all away."""
    (none,) = project.ours(situation_of({"OSEM_LOCAL_PORT": ""}))
    (some,) = project.ours(situation_of({"OSEM_LOCAL_PORT": "1", "INVOKE_OSEM_NAME": "ab"}))

    assert none.status is Status.OK
    assert (some.status, some.message) == (Status.INFO, "INVOKE_OSEM_NAME=ab, OSEM_LOCAL_PORT=1")
    assert some.remediation.startswith("unset INVOKE_OSEM_NAME OSEM_LOCAL_PORT")
