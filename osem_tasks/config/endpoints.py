"""Checks and classifies endpoint URLs by their text alone."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.config.secrets import learn_password, without_userinfo
from osem_tasks.errors import ConfigurationError

# Domains under which AWS serves DynamoDB: all partitions in botocore's endpoint data,
# including dual-stack.
AWS_DOMAINS = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".api.amazonwebservices.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
    ".api.aws.ic.gov",
    ".api.aws.hci.ic.gov",
    ".api.aws.scloud",
    ".api.cloud-aws.adc-e.uk",
)


def check_url(endpoint: str | None, source: str) -> None:
    """Raise ConfigurationError for an endpoint without a scheme, a host or a valid port.

    Also for one with a user name or password: DynamoDB accepts neither, and they would appear in
    every message and in the shell's history.
    """
    if endpoint is None:
        return
    shown = without_userinfo(endpoint)
    if shown != endpoint:
        learn_password(endpoint)
        raise ConfigurationError(
            [f"{source} must not hold credentials: {shown!r}"],
            remediation=f"Give the endpoint without them, such as {DEFAULT_ENDPOINT}",
        )
    if "?" in endpoint or "#" in endpoint:
        # Not shown: what stands there may be a token.
        raise ConfigurationError(
            [f"{source} must not have a query or a fragment"],
            remediation=f"Give the endpoint without them, such as {DEFAULT_ENDPOINT}",
        )
    if not _is_sound(endpoint):
        if "://" not in endpoint and _is_sound(f"http://{endpoint}"):
            raise ConfigurationError(
                [f"{source} has no scheme: {endpoint!r}"],
                remediation=f"Write http:// before it: http://{endpoint}",
            )
        raise ConfigurationError(
            [f"{source} must be a URL such as {DEFAULT_ENDPOINT}, not {endpoint!r}"],
            remediation=f"Give the endpoint with scheme, host and port: {DEFAULT_ENDPOINT}",
        )


def _is_sound(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        return False


def _host(endpoint: str | None) -> str:
    try:
        return (urlsplit(endpoint or "").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(endpoint: str | None) -> bool:
    """Return whether ``endpoint`` is on this machine."""
    host = _host(endpoint)
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return False


def same_place(one: str | None, other: str | None) -> bool:
    """Return whether both URLs lead to the same server; all loopback names are equal."""
    if not one or not other:
        return False
    hosts_agree = _host(one) == _host(other) or (is_loopback(one) and is_loopback(other))
    return hosts_agree and urlsplit(one).port == urlsplit(other).port


def is_aws(endpoint: str | None) -> bool:
    """Return whether ``endpoint`` is a host of AWS."""
    return _host(endpoint).endswith(AWS_DOMAINS)
