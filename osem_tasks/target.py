"""Where a task acts: environment, endpoint, region, prefix, decided from values only."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.environments import Environment
    from osem_tasks.schema.model import TableSet

DEFAULT_ENDPOINT = "http://127.0.0.1:8000"
DEFAULT_REGION = "us-east-1"
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
# Domains under which AWS serves DynamoDB: every partition of botocore's endpoint data,
# dual-stack included.
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
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line and earlier commands say about the target.

    ``started`` is the engine that ``local.up`` brought up in this very command line,
    ``recorded`` the one that an earlier command left running.
    """

    region: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    started: str | None = None
    recorded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a task acts.

    ``endpoint`` None leaves it to the SDK (AWS itself). ``local`` means the local engine's
    rules: dummy keys, no STS, no confirmation. ``region`` None means that the profile's
    region, then us-east-1, is to be used. ``diverted_by`` names the variable that sends
    an AWS environment elsewhere. ``given`` are the options that
    chose it.
    """

    environment: Environment
    local: bool
    endpoint: str | None
    source: str
    region: str | None
    prefix: str
    profile: str | None = None
    diverted_by: str | None = None
    warnings: tuple[str, ...] = ()
    given: tuple[str, ...] = ()

    @property
    def reach(self) -> str:
        """What follows ``--env`` in a command that is to act on this very target again.

        A remedy without the endpoint that was given would act on AWS itself.
        """
        return " ".join((self.environment.name, *self.given))

    def place(self, tables: TableSet) -> TableSet:
        """The declared tables as this target is to hold them."""
        environment = self.environment
        # An environment's names on a local engine, without what protects the real one.
        protect = not self.local or environment.where == "local"
        return tables.placed(
            self.prefix,
            tags=environment.all_tags,
            deletion_protection=environment.deletion_protection if protect else None,
            point_in_time_recovery=environment.point_in_time_recovery if protect else None,
        )


def resolve(environment: Environment, asked: Asked, variables: Mapping[str, str]) -> Target:
    """The target by the contract's precedence. Raises OsemError for a contradictory one."""
    local = environment.where == "local" or is_loopback(asked.endpoint)
    endpoint, source, warnings = (
        _local_endpoint(asked, variables) if local else _aws_endpoint(asked, variables)
    )
    _check_url(endpoint, source)
    if local and _is_aws(endpoint):
        raise OsemError(
            f"Environment '{environment.name}' is local, but {source} leads to AWS ({endpoint}).",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=(
                "Choose an AWS environment with --env, or remove the endpoint: "
                f"unset {' '.join(ENDPOINT_VARIABLES)}"
            ),
        )
    if (
        not local
        and source in ENDPOINT_VARIABLES
        and any(same_place(endpoint, engine) for engine in (asked.started, asked.recorded))
    ):
        raise OsemError(
            f"Environment '{environment.name}' is on AWS, but {source} leads to the local "
            f"engine at {endpoint}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=(
                f"For AWS: unset {source}   For the local engine, with this environment's "
                f"names: --endpoint {endpoint}"
            ),
        )
    return Target(
        environment=environment,
        local=local,
        endpoint=endpoint,
        source=source,
        region=_first(asked.region, *(variables.get(each) for each in REGION_VARIABLES)),
        prefix=variables.get("OSEM_DB_PREFIX") or environment.default_prefix,
        profile=asked.profile,
        diverted_by=source if not local and source in ENDPOINT_VARIABLES else None,
        warnings=tuple(warnings),
        given=tuple(
            f"{option} {value}"
            for option, value in (
                ("--endpoint", asked.endpoint),
                ("--region", asked.region),
                ("--profile", asked.profile),
            )
            if value
        ),
    )


def _local_endpoint(asked: Asked, variables: Mapping[str, str]) -> tuple[str, str, list[str]]:
    diverting = [each for each in ENDPOINT_VARIABLES if variables.get(each)]
    if asked.endpoint:
        return asked.endpoint, "--endpoint", []
    if asked.started:
        warnings = [
            f"{each}={variables[each]} is passed over: local.up has just brought up {asked.started}"
            for each in diverting
            if variables[each] != asked.started
        ]
        return asked.started, "local.up", warnings
    if diverting:
        return variables[diverting[0]], diverting[0], []
    if asked.recorded:
        return asked.recorded, "the running engine", []
    return DEFAULT_ENDPOINT, "the default", []


def _aws_endpoint(asked: Asked, variables: Mapping[str, str]) -> tuple[str | None, str, list[str]]:
    if asked.endpoint:
        return asked.endpoint, "--endpoint", []
    # The SDK reads the same variables; the target line has to know about them.
    ignored = variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    for each in ENDPOINT_VARIABLES:
        if variables.get(each) and not ignored:
            return variables[each], each, []
    return None, "AWS", []


def _check_url(endpoint: str | None, source: str) -> None:
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        sound = False
    if not sound:
        raise ConfigurationError(
            [f"{source} must be a URL such as {DEFAULT_ENDPOINT}, not {endpoint!r}"],
            remediation=f"Give the endpoint with scheme, host and port: {DEFAULT_ENDPOINT}",
        )


def _host(endpoint: str | None) -> str:
    try:
        return (urlsplit(endpoint or "").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(endpoint: str | None) -> bool:
    """Whether ``endpoint`` is on this machine."""
    host = _host(endpoint)
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return False


def same_place(one: str | None, other: str | None) -> bool:
    """Whether both lead to the same server: written differently, or by another loopback name."""
    if not one or not other:
        return False
    hosts_agree = _host(one) == _host(other) or (is_loopback(one) and is_loopback(other))
    return hosts_agree and urlsplit(one).port == urlsplit(other).port


def _is_aws(endpoint: str | None) -> bool:
    return _host(endpoint).endswith(AWS_DOMAINS)


def _first(*values: str | None) -> str | None:
    return next((each for each in values if each), None)
