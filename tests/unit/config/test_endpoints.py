"""Whose an endpoint is: this machine's, AWS's in any partition, or another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from osem_tasks.config.endpoints import AWS_DOMAINS, check_url, is_aws, is_loopback, same_place
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator


def suffixes() -> set[str]:
    """Every DNS suffix of every partition, in both of botocore's files."""
    loader = botocore.session.Session().get_component("data_loader")
    found = {*_suffixes_of(loader.load_data("endpoints"))}
    return found | {*_suffixes_of(loader.load_data("partitions"))}


def _suffixes_of(data: Any) -> Iterator[str]:
    """The values of ``dnsSuffix`` and ``dualStackDnsSuffix``, variants included."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("dnsSuffix", "dualStackDnsSuffix"):
                yield value
            else:
                yield from _suffixes_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from _suffixes_of(value)


SUFFIXES = sorted(suffixes())


def test_botocore_still_names_its_suffixes() -> None:
    """The files have the shape that this test reads: the partitions of today are among them."""
    assert {"amazonaws.com", "amazonaws.com.cn", "c2s.ic.gov", "api.aws"} <= {*SUFFIXES}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_of_botocore_is_a_domain_of_aws(suffix: str) -> None:
    """A partition that botocore learns of is named here, before it passes for a local engine."""
    assert f".{suffix}" in AWS_DOMAINS


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_local_environment_reaches_no_partition(suffix: str) -> None:
    """An endpoint below any of the suffixes is refused for a local environment."""
    options = TargetOptions(endpoint=f"https://dynamodb.some-region-1.{suffix}")

    with pytest.raises(OsemError) as caught:
        resolve(BUILT_IN["local"], options, {})

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION


def test_every_domain_begins_with_a_dot() -> None:
    """A domain is compared from its dot on, so that another's domain with the same end is not AWS."""
    assert [domain for domain in AWS_DOMAINS if not domain.startswith(".")] == []


@pytest.mark.parametrize(
    "endpoint, loopback, aws",
    [
        pytest.param("http://127.0.0.1:8000", True, False, id="address"),
        pytest.param("http://[::1]:8000", True, False, id="address-v6"),
        pytest.param("http://LocalHost.:8000", True, False, id="name"),
        pytest.param("http://10.0.0.5:8000", False, False, id="another-machine"),
        pytest.param("http://engine:8000", False, False, id="another-name"),
        pytest.param("https://dynamodb.us-east-1.amazonaws.com", False, True, id="aws"),
        pytest.param("https://notamazonaws.com", False, False, id="same-end"),
        pytest.param("http://[::1", False, False, id="no-url"),
        pytest.param(None, False, False, id="none"),
    ],
)
def test_whose_an_endpoint_is(endpoint: str | None, loopback: bool, aws: bool) -> None:
    """Told from the text alone; what cannot be read is nobody's."""
    assert (is_loopback(endpoint), is_aws(endpoint)) == (loopback, aws)


@pytest.mark.parametrize(
    "one, other, expected",
    [
        pytest.param("http://127.0.0.1:8000", "http://localhost:8000/", True, id="by-name"),
        pytest.param("http://127.0.0.1:8000", "http://127.0.0.1:8001", False, id="other-port"),
        pytest.param("http://engine:8000", "http://ENGINE.:8000", True, id="same-name"),
        pytest.param("http://engine:8000", "http://other:8000", False, id="other-name"),
        pytest.param("http://engine:8000", "http://localhost:8000", False, id="other-machine"),
        pytest.param(None, "http://localhost:8000", False, id="none"),
        pytest.param(None, None, False, id="neither"),
    ],
)
def test_the_same_server_by_another_name(
    one: str | None, other: str | None, expected: bool
) -> None:
    """All names of the loopback are one machine; the port tells its servers apart."""
    assert same_place(one, other) is expected
    assert same_place(other, one) is expected


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://user:s3cretpw@127.0.0.1:8000",
        "http://s3cretpw@127.0.0.1:8000",
        "user:s3cretpw@127.0.0.1:8000",
        "http://user:s3cret/s3cretpw@host:8000",
        "http://user:s3cret@s3cretpw@host",
        "//user:s3cretpw@host",
        "ftp://user:s3cretpw@host:x",
    ],
)
@pytest.mark.parametrize("environment", ["local", "dev"])
@pytest.mark.parametrize("variable", [None, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_an_endpoint_with_credentials_is_refused_unseen(
    endpoint: str, environment: str, variable: str | None
) -> None:
    """No DynamoDB takes a password, and every message would show it: this one does not."""
    options = TargetOptions() if variable else TargetOptions(endpoint=endpoint)

    with pytest.raises(OsemError) as caught:
        resolve(BUILT_IN[environment], options, {variable: endpoint} if variable else {})

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert (variable or "--endpoint") in caught.value.message
    assert "s3cret" not in str(caught.value.as_json())


def test_an_endpoint_without_credentials_passes() -> None:
    """Host, port and path are what an endpoint is made of."""
    check_url("http://127.0.0.1:8000/path", "--endpoint")


@pytest.mark.parametrize("rest", ["?token=s3cret", "/?sig=s3cret", "/#s3cret"])
def test_an_endpoint_with_a_query_is_refused_unseen(rest: str) -> None:
    """DynamoDB has no use for it, and a token may stand there."""
    with pytest.raises(OsemError) as caught:
        resolve(BUILT_IN["local"], TargetOptions(endpoint=f"http://127.0.0.1:8000{rest}"), {})

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert "s3cret" not in str(caught.value.as_json())


@pytest.mark.parametrize(
    "endpoint", ["localhost:8000", "127.0.0.1:8000", "dynamodb:8000", "[::1]:8000"]
)
def test_a_missing_scheme_is_named(endpoint: str) -> None:
    """With the endpoint as it should be written."""
    with pytest.raises(ConfigurationError) as caught:
        check_url(endpoint, "--endpoint")

    assert caught.value.problems == (f"--endpoint has no scheme: {endpoint!r}",)
    assert f"http://{endpoint}" in caught.value.remediation
