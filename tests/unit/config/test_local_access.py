"""How clients reach a local engine."""

from __future__ import annotations

import os
import re

import pytest

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.endpoints import is_loopback
from osem_tasks.config.local_access import (
    ACCESS_KEY,
    DEFAULT_ENDPOINT,
    DEFAULT_REGION,
    DISTURBING,
    SECRET_KEY,
    undisturbed,
    variables,
)


def test_variables_of_an_engine() -> None:
    """Endpoint, both keys and both region variables: each SDK reads some of them."""
    assert variables("http://127.0.0.1:9001") == {
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9001",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
    }


def test_variables_of_a_database_of_ones_own() -> None:
    """Keys and region of a test's own select its database."""
    found = variables("http://127.0.0.1:9001", "eu-west-1", "key1", "secret")

    assert {found["AWS_REGION"], found["AWS_DEFAULT_REGION"]} == {"eu-west-1"}
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("key1", "secret")


def test_the_dummy_key_suits_every_engine() -> None:
    """DynamoDB Local takes letters and digits only as an access key."""
    assert re.fullmatch(r"[A-Za-z0-9]+", ACCESS_KEY)


def test_the_default_endpoint_is_the_default_port_of_this_machine() -> None:
    """A client without any setting finds what ``local.up`` starts without any option."""
    assert is_loopback(DEFAULT_ENDPOINT)
    assert DEFAULT_ENDPOINT.endswith(f":{DEFAULTS['port']}")


@pytest.mark.parametrize(
    "shell, hosts",
    [
        ({}, "127.0.0.1"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "127.0.0.1"),
        ({"NO_PROXY": ""}, "127.0.0.1"),
        ({"NO_PROXY": ".corp, 10.0.0.1"}, ".corp,10.0.0.1,127.0.0.1"),
        ({"no_proxy": "a", "NO_PROXY": "b"}, "a,127.0.0.1"),
        ({"NO_PROXY": "localhost,127.0.0.1"}, "localhost,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
    ids=str,
)
def test_no_proxy_stands_before_the_engine(shell: dict[str, str], hosts: str) -> None:
    """What the shell excludes stays excluded; both spellings say the same."""
    found = undisturbed("http://127.0.0.1:9001", shell)

    assert (found["no_proxy"], found["NO_PROXY"]) == (hosts, hosts)


def test_no_file_of_the_aws_configuration_is_read() -> None:
    """It may be broken, or lead the clients elsewhere."""
    found = undisturbed("http://127.0.0.1:9001", {"AWS_CONFIG_FILE": "mine"})

    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_what_disturbs_is_not_what_leads_to_the_engine() -> None:
    """The variables that are removed and those that are set have nothing in common."""
    kept = {**variables("http://h:1"), **undisturbed("http://h:1", {})}

    assert not kept.keys() & set(DISTURBING)
