"""Sessions and clients: keys, region, endpoint and timeouts, without any call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.aws.session import ATTEMPTS, PARALLEL, client_config, connect
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.config.secrets import MASK, redact
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using
from tests.support.canned_aws import CannedAws, answers

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

ENGINE = "http://127.0.0.1:8000"
ELSEWHERE = "https://proxy.example:8443"
CONFIG = """
[profile team]
region = eu-central-1
[profile broken]
region = eu-west-2
source_profile = nowhere
role_arn = arn:aws:iam::123456789012:role/x
"""


@pytest.fixture(autouse=True)
def _aws_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two profiles, and keys as a shell holds them."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")


def at(name: str, **options: Any) -> Target:
    """The target of a built-in environment, by this process's variables."""
    return resolve(BUILT_IN[name], TargetOptions(**options), os.environ)


def ignore(_: str) -> None:
    """Take no notice of a call."""


def test_a_local_engine_gets_the_dummy_keys() -> None:
    """The shell's own keys never reach an engine on this machine."""
    keys = connect(at("local"), ignore).session.get_credentials()

    assert keys is not None
    assert (keys.access_key, keys.secret_key, keys.token) == (ACCESS_KEY, SECRET_KEY, None)


def test_aws_gets_the_keys_of_the_default_chain() -> None:
    """On AWS the SDK finds the credentials by its own rules."""
    keys = connect(at("dev"), ignore).session.get_credentials()

    assert keys is not None
    assert keys.access_key == "AKIAOWNKEY"


@pytest.mark.parametrize(
    "name, options, variables, region",
    [
        pytest.param("local", {}, {}, DEFAULT_REGION, id="local-default"),
        pytest.param("local", {"region": "eu-west-1"}, {}, "eu-west-1", id="local-option"),
        pytest.param(
            "local", {"profile": "team"}, {}, "eu-central-1", id="local-region-of-the-profile"
        ),
        pytest.param(
            "local", {}, {"AWS_PROFILE": "team"}, "eu-central-1", id="local-profile-variable"
        ),
        pytest.param(
            "local", {"profile": "absent"}, {}, DEFAULT_REGION, id="local-missing-profile"
        ),
        pytest.param(
            "local",
            {"profile": "team"},
            {"AWS_REGION": "eu-west-1"},
            "eu-west-1",
            id="local-variable>profile",
        ),
        pytest.param("dev", {}, {}, DEFAULT_REGION, id="aws-default"),
        pytest.param("dev", {"profile": "team"}, {}, "eu-central-1", id="aws-profile"),
        pytest.param("dev", {}, {"AWS_PROFILE": "team"}, "eu-central-1", id="aws-profile-variable"),
        pytest.param(
            "dev", {"profile": "team", "region": "eu-west-1"}, {}, "eu-west-1", id="aws-option"
        ),
    ],
)
def test_region(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, str],
    variables: dict[str, str],
    region: str,
) -> None:
    """The target's region, then the profile's, then us-east-1; the session knows it too."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    connection = connect(at(name, **options), ignore)

    assert connection.region == region
    assert connection.session.get_config_variable("region") == region
    assert connection.dynamodb.meta.region_name == region


def test_a_missing_profile_stops_work_on_aws() -> None:
    """The profile's name is in the message, and the remedy lists the profiles."""
    with pytest.raises(OsemError, match="absent") as caught:
        connect(at("dev", profile="absent"), ignore)

    assert caught.value.code is ErrorCode.AWS_CREDENTIALS_INVALID
    assert "list-profiles" in caught.value.remediation


@pytest.mark.parametrize(
    "name, options, variables, endpoint",
    [
        pytest.param("local", {}, {}, ENGINE, id="local"),
        pytest.param("local", {"endpoint": "http://engine:9"}, {}, "http://engine:9", id="option"),
        pytest.param(
            "dev", {}, {}, "https://dynamodb.us-east-1.amazonaws.com", id="aws-by-its-region"
        ),
        pytest.param("dev", {"endpoint": ELSEWHERE}, {}, ELSEWHERE, id="aws-by-option"),
        pytest.param("dev", {}, {"AWS_ENDPOINT_URL": ELSEWHERE}, ELSEWHERE, id="aws-by-variable"),
        pytest.param(
            "dev",
            {},
            {"AWS_ENDPOINT_URL": ELSEWHERE, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://dynamodb.us-east-1.amazonaws.com",
            id="aws-by-a-variable-that-the-sdk-ignores",
        ),
    ],
)
def test_endpoint(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, str],
    variables: dict[str, str],
    endpoint: str,
) -> None:
    """A client speaks to the endpoint that the target names, or that the SDK resolves."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    client = connect(at(name, **options), ignore).dynamodb

    assert client.meta.endpoint_url.rstrip("/").removesuffix(":443") == endpoint


def test_an_endpoint_that_the_sdk_refuses_is_an_osem_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What botocore raises for a client that it cannot make is told in words."""
    target = at("dev")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not-a-url")

    with pytest.raises(OsemError) as caught:
        _ = connect(target, ignore).dynamodb

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION


def test_one_client_repeats_calls_and_one_does_not() -> None:
    """CreateTable is sent once: a repeated one could not tell who created the table."""
    connection = connect(at("local"), ignore)

    configs: list[Any] = [connection.dynamodb.meta.config, connection.dynamodb_once.meta.config]

    assert [config.retries["total_max_attempts"] for config in configs] == [ATTEMPTS, 1]
    assert connection.dynamodb is connection.dynamodb


@pytest.mark.parametrize("local", [True, False], ids=["local", "aws"])
def test_timeouts_come_from_the_policy(local: bool) -> None:
    """Connecting and reading end by the policy in force; every thread has a connection."""
    with using(Policy(connect=1.25, read=2.5)):
        config: Any = client_config(local=local)

    assert (config.connect_timeout, config.read_timeout) == (1.25, 2.5)
    assert config.max_pool_connections == PARALLEL
    assert config.user_agent_extra.startswith("osem-tasks/")


def test_no_proxy_stands_before_a_local_engine() -> None:
    """A company's proxy has no way to this machine's loopback; AWS keeps the shell's."""
    local: Any = client_config(local=True)
    aws: Any = client_config(local=False)

    assert (local.proxies, aws.proxies) == ({}, None)


def test_keys_in_use_are_known_to_the_redactor() -> None:
    """Also those of a profile, which no variable of the shell holds."""
    secret, token = "profilesecret/KEY+0123", "profiletoken==0123456789"
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[kept]\naws_access_key_id = AKIAKEPT\naws_secret_access_key = {secret}\n"
        f"aws_session_token = {token}\n",
        encoding="utf-8",
    )
    connection = connect(at("dev", profile="kept"), ignore)

    keys = connection.credentials()

    assert keys is not None
    assert redact(f"{keys.access_key} {secret} {token}") == f"AKIAKEPT {MASK} {MASK}"


def test_keys_that_are_renewed_become_known_with_the_next_call() -> None:
    """A wait may outlast the keys that it began with."""
    token = "renewedtoken0123456789abcdef"
    connection = connect(at("dev", region=DEFAULT_REGION), ignore)
    CannedAws(answers(ListTables={"TableNames": []})).listen(connection.session)
    connection.session.set_credentials("AKIANEW", "renewedsecret0123", token)

    connection.dynamodb.list_tables()

    assert redact(f"it was {token}") == f"it was {MASK}"


def test_a_connection_shows_no_keys() -> None:
    """A traceback with locals prints connections."""
    connection = connect(at("local"), ignore)
    connection.keys = {"aws_secret_access_key": "own-secret"}

    assert "own-secret" not in repr(connection)


BROKEN = "[profile x\nendpoint_url"
LEADING = "[default]\nendpoint_url = http://127.0.0.1:9\nretry_mode = bad\nca_bundle = /nowhere\n"


@pytest.mark.parametrize("service", ["dynamodb", "sts"])
@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_PROFILE": "absent"},
        {"AWS_CONFIG_FILE": BROKEN},
        {"AWS_SHARED_CREDENTIALS_FILE": BROKEN},
        {"AWS_CONFIG_FILE": LEADING},
        {"AWS_CONFIG_FILE": "\0\1\2"},
        {"AWS_CONFIG_FILE": "/"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ENDPOINT_URL_STS": ELSEWHERE, "AWS_ENDPOINT_URL": ELSEWHERE},
        {"AWS_CA_BUNDLE": "/nowhere", "REQUESTS_CA_BUNDLE": "/nowhere"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_DEFAULTS_MODE": "bad"},
        {"AWS_MAX_ATTEMPTS": "abc"},
        {"AWS_RETRY_MODE": "bad"},
        {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "bad"},
        {"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": "x"},
        {"HTTP_PROXY": ELSEWHERE, "HTTPS_PROXY": ELSEWHERE, "ALL_PROXY": ELSEWHERE},
    ],
    ids=str,
)
def test_the_shell_does_not_disturb_a_local_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], service: Any
) -> None:
    """No variable and no file of the AWS configuration stops it or leads it elsewhere."""
    for name, value in variables.items():
        path = tmp_path / name
        is_content = name.endswith("_FILE") and value != "/"
        if is_content:
            path.write_text(value, encoding="utf-8")
        monkeypatch.setenv(name, str(path) if is_content else value)
    connection = connect(at("local", endpoint=ENGINE), ignore)

    # As tests get theirs: without any setting of our own.
    plain = connection.session.create_client(service, endpoint_url=ENGINE)

    for client in (connection.dynamodb, plain):
        config: Any = client.meta.config
        assert (client.meta.endpoint_url, config.proxies) == (ENGINE, {})
    keys = connection.session.get_credentials()
    assert keys is not None
    assert keys.access_key == ACCESS_KEY


@pytest.mark.parametrize("name", ["config", "credentials"])
@pytest.mark.parametrize("content", [BROKEN, LEADING, "\0\1\2"], ids=repr)
def test_the_files_of_the_home_directory_do_not_disturb_a_local_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    """Nor do those that no variable names: the SDK reads them for every client."""
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / name).write_text(content, encoding="utf-8")
    connection = connect(at("local", endpoint=ENGINE), ignore)

    plain = connection.session.create_client("dynamodb", endpoint_url=ENGINE)

    for client in (connection.dynamodb, plain):
        assert (client.meta.endpoint_url, client.meta.region_name) == (ENGINE, "us-east-1")
