"""How clients reach a local engine."""

from __future__ import annotations

import re

from osem_tasks.config.endpoints import is_loopback
from osem_tasks.config.local_access import (
    ACCESS_KEY,
    DEFAULT_ENDPOINT,
    DEFAULT_REGION,
    SECRET_KEY,
    variables,
)
from osem_tasks.config.settings import DEFAULTS


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
