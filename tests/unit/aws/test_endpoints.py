"""Where the clients of an AWS environment really lead, and what is said to lead them there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config

from osem_tasks.aws import endpoints
from osem_tasks.aws.session import connect
from osem_tasks.config.endpoints import is_aws_service, undone
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

# Many clients.
pytestmark = pytest.mark.slow

ENGINE = "http://127.0.0.1:8123"
OTHER = "http://127.0.0.1:8124"
DYNAMODB, STS = "https://dynamodb.us-east-1.amazonaws.com", "https://sts.us-east-1.amazonaws.com"
KEYS = "aws_access_key_id = AKIAOWN\naws_secret_access_key = own-secret-own\nregion = us-east-1\n"
CONFIG = f"""
[default]
{KEYS}
[profile all]
{KEYS}endpoint_url = {ENGINE}
[profile section]
{KEYS}services = both
[profile both]
{KEYS}services = both
endpoint_url = {OTHER}
[profile sts]
{KEYS}services = identity
[profile ignoring]
{KEYS}endpoint_url = {ENGINE}
ignore_configured_endpoint_urls = true
[profile fips]
{KEYS}use_fips_endpoint = true
[profile dualstack]
{KEYS}use_dualstack_endpoint = true
[services both]
dynamodb =
  endpoint_url = {ENGINE}
[services identity]
sts =
  endpoint_url = {ENGINE}
"""


@pytest.fixture(autouse=True)
def _configuration() -> None:
    """Profiles that lead their clients to different places."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(CONFIG, encoding="utf-8")


def led(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str | None) -> Target:
    """The target of environment ``dev`` in that shell, with what its clients really have."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    target = resolve(BUILT_IN["dev"], TargetOptions(region=region), os.environ)
    connection = connect(target, lambda _: None)
    dynamodb, _sts = endpoints.real(connection, os.environ)
    return connection.target.led_to(dynamodb)


@pytest.mark.parametrize(
    "variables, region, endpoint, by",
    [
        pytest.param({}, None, None, "AWS", id="nothing"),
        pytest.param({"AWS_PROFILE": "all"}, None, ENGINE, "of profile 'all'", id="profile"),
        pytest.param(
            {"AWS_PROFILE": "section"}, None, ENGINE, "of services section 'both'", id="section"
        ),
        pytest.param(
            {"AWS_PROFILE": "both"},
            None,
            ENGINE,
            "of services section 'both'",
            id="section>profile",
        ),
        pytest.param({"AWS_PROFILE": "sts"}, None, None, "AWS", id="section-of-another-service"),
        pytest.param({"AWS_PROFILE": "ignoring"}, None, None, "AWS", id="ignored-by-profile"),
        pytest.param(
            {"AWS_PROFILE": "ignoring", "AWS_ENDPOINT_URL": OTHER},
            None,
            None,
            "AWS",
            id="variable-ignored-by-profile",
        ),
        pytest.param(
            {"AWS_PROFILE": "all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            None,
            None,
            "AWS",
            id="profile-ignored-by-variable",
        ),
        pytest.param(
            {"AWS_PROFILE": "ignoring", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
            None,
            ENGINE,
            "of profile 'ignoring'",
            id="not-ignored-by-variable",
        ),
        pytest.param(
            {"AWS_PROFILE": "all", "AWS_ENDPOINT_URL": OTHER},
            None,
            OTHER,
            "AWS_ENDPOINT_URL",
            id="variable>profile",
        ),
        pytest.param({}, "local", "http://localhost:8000", "region 'local'", id="region-local"),
    ],
)
def test_a_client_that_is_led_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    region: str | None,
    endpoint: str | None,
    by: str,
) -> None:
    """The endpoint is the client's own, by botocore's precedence; its origin is named."""
    target = led(monkeypatch, variables, region)

    assert target.endpoint == endpoint
    assert by in target.source
    assert (target.diverted_by is None) is (endpoint is None)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_PROFILE": "fips"},
        {"AWS_PROFILE": "dualstack"},
        {"AWS_REGION": "cn-north-1"},
        {"AWS_REGION": "us-gov-west-1"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb-fips.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "https://vpce-1-2.dynamodb.us-east-1.vpce.amazonaws.com"},
    ],
    ids=str,
)
def test_another_endpoint_of_aws_diverts_nothing(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """FIPS, dual-stack, other partitions and a VPC's endpoint are AWS."""
    assert led(monkeypatch, variables, None).diverted_by is None


def test_sts_is_judged_too() -> None:
    """A section for STS alone leaves DynamoDB, and makes up whose the account is."""
    target = resolve(BUILT_IN["dev"], TargetOptions(profile="sts"), {})

    dynamodb, sts = endpoints.real(connect(target, lambda _: None), {})

    assert (dynamodb.url, dynamodb.is_aws, dynamodb.by) == (DYNAMODB, True, "")
    assert (sts.url, sts.is_aws) == (ENGINE, False)
    assert "services section 'identity'" in sts.by


@pytest.mark.parametrize("service", ["dynamodb", "sts"])
@pytest.mark.parametrize(
    "config", [Config(), Config(use_fips_endpoint=True)], ids=["plain", "fips"]
)
def test_every_region_that_botocore_knows_is_aws(service: Any, config: Config) -> None:
    """No partition's own endpoint passes for a diversion."""
    session = botocore.session.Session()
    session.set_credentials("a", "b")
    regions = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)[:2]
        if region != endpoints.LOCAL_REGION
    ]

    found = [
        session.create_client(service, region, config=config).meta.endpoint_url
        for region in regions
    ]

    assert [url for url in found if not is_aws_service(url, service)] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://ec2-1-2-3-4.compute-1.amazonaws.com:8000",
        "https://abc.execute-api.us-east-1.amazonaws.com",
        "https://dynamodb.us-east-1.amazonaws.com.example.org",
        "http://dynamodb:8000",
        "http://localhost.localstack.cloud:4566",
        "https://sts.us-east-1.amazonaws.com",
    ],
)
def test_another_server_is_not_dynamodb_of_aws(url: str) -> None:
    """Anybody can have a server below one of AWS's domains."""
    assert not is_aws_service(url, "dynamodb")


@pytest.mark.parametrize(
    "setting, remedy",
    [
        ("AWS_ENDPOINT_URL", "unset AWS_ENDPOINT_URL"),
        ("region 'local'", "--region"),
        (
            "endpoint_url of profile 'x' in ~/.aws/config",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
        ),
    ],
)
def test_the_remedy_fits_what_led_away(setting: str, remedy: str) -> None:
    """A variable is unset; a file is ignored, which undoes any setting in it."""
    assert remedy in undone(setting)


@pytest.mark.parametrize(
    "content", ["[profile x\nendpoint_url", "\0\1", "[profile [a]\n"], ids=repr
)
def test_a_broken_configuration_ignores_nothing(content: str) -> None:
    """Connecting reports it; the question before must not fail."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(content, encoding="utf-8")

    assert endpoints.ignores_configured(None) is False
