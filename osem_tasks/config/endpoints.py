"""Checks and classifies endpoint URLs by their text alone."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.config.secrets import learn_password, without_userinfo
from osem_tasks.errors import ConfigurationError

IGNORE_ENDPOINTS = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
# What led a client elsewhere, where no known variable or setting did.
UNKNOWN_SETTING = "the AWS configuration"
HTTP_PORT, HTTPS_PORT = 80, 443
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

# The labels that name the service in a host of AWS: regional, FIPS, of an account, of a VPC.
_SERVICE_LABELS = {"dynamodb": ("dynamodb", "dynamodb-fips", "ddb"), "sts": ("sts", "sts-fips")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkEndpoint:
    """The endpoint that a client of the SDK really has.

    ``service`` is ``dynamodb`` or ``sts``. ``by`` says what sets the endpoint: a variable, or in
    words a setting of a file or the region; it is empty if the SDK chose AWS's own.
    """

    service: str
    url: str
    by: str = ""

    @property
    def is_aws(self) -> bool:
        """Whether this service of AWS itself answers there."""
        return is_aws_service(self.url, self.service)


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
    return hosts_agree and _port(one) == _port(other)


def _port(endpoint: str) -> int:
    parts = urlsplit(endpoint)
    return parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)


def is_aws(endpoint: str | None) -> bool:
    """Return whether ``endpoint`` is a host of AWS."""
    return _host(endpoint).endswith(AWS_DOMAINS)


def is_aws_service(endpoint: str | None, service: str) -> bool:
    """Return whether ``endpoint`` is AWS's own of ``service`` (``dynamodb`` or ``sts``).

    Not every host below AWS's domains is: anybody's server on EC2 is there too.
    """
    labels = _host(endpoint).split(".")
    return is_aws(endpoint) and any(label in labels for label in _SERVICE_LABELS[service])


def undone(setting: str) -> str:
    """Return what to do so that ``setting`` (see ``SdkEndpoint.by``) leads nowhere else."""
    if setting.startswith("AWS_"):
        return f"unset {setting}"
    if setting.startswith("region "):
        return "choose a region of AWS with --region"
    return f"export {IGNORE_ENDPOINTS}=true   or remove {setting}"
