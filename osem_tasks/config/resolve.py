"""Chooses the target by the documented precedence, from options, variables and engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.config.endpoints import (
    IGNORE_ENDPOINTS,
    check_url,
    is_aws,
    is_aws_service,
    is_loopback,
    same_place,
)
from osem_tasks.config.local_access import DEFAULT_ENDPOINT, DEFAULT_REGION
from osem_tasks.config.target import (
    DEFAULT,
    ENDPOINT_VARIABLES,
    OPTION,
    REGION_VARIABLES,
    STARTED,
    Target,
)
from osem_tasks.config.variables import is_option
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.config.naming import Naming


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """The target's options from the command line and from earlier commands.

    ``started`` is the endpoint of the engine that ``local.up`` started in this command line,
    ``recorded`` that of the engine that a later command would find. ``chosen_by`` says what
    chose the environment: ``--env``, a variable, or nothing (empty); None, which is unknown,
    counts as a choice by the user.
    """

    region: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    force: bool = False
    started: str | None = None
    recorded: str | None = None
    chosen_by: str | None = None

    @property
    def engines(self) -> tuple[str | None, str | None]:
        """The endpoints of the local engines that this project knows."""
        return self.started, self.recorded


def resolve(
    environment: Environment, options: TargetOptions, variables: Mapping[str, str]
) -> Target:
    """Choose the target by the documented precedence. Raises OsemError for a contradiction.

    For an AWS environment, only the SDK knows the endpoint: see ``Target.led_to``.
    """
    local = _is_local(environment, options)
    endpoint, source, warnings = (
        _local_endpoint(options, variables)
        if local
        else _aws_endpoint(environment, options, variables)
    )
    check_url(endpoint, source)
    _refuse_contradiction(environment, options, endpoint, source, local=local)
    own = is_aws_service(endpoint, "dynamodb")
    diverted = source if not local and source in ENDPOINT_VARIABLES and not own else None
    again, settings = _way_back(environment, options, variables, source, endpoint, local=local)
    return Target(
        environment=environment,
        local=local,
        endpoint=endpoint,
        source=source,
        region=_first(options.region, *(variables.get(name) for name in REGION_VARIABLES)),
        naming=naming_of(environment, variables),
        profile=options.profile,
        diverted_by=diverted,
        chosen_by=options.chosen_by or "",
        warnings=tuple(warnings),
        options=again,
        variables=settings,
    )


def naming_of(environment: Environment, variables: Mapping[str, str]) -> Naming:
    """Return how tables are named: ``OSEM_DB_PREFIX`` replaces what stands before the name."""
    prefix = variables.get("OSEM_DB_PREFIX")
    return environment.naming.with_prefix(prefix) if prefix else environment.naming


def _is_local(environment: Environment, options: TargetOptions) -> bool:
    """Return whether the task acts on a local engine.

    After ``local.up``, an environment that only a variable chose is on that engine, with its
    names: the variable may be another tool's (``NODE_ENV``).
    """
    if options.endpoint:
        return environment.where == "local" or is_loopback(options.endpoint)
    chosen = options.chosen_by is None or is_option(options.chosen_by)
    return environment.where == "local" or (options.started is not None and not chosen)


def _refuse_contradiction(
    environment: Environment,
    options: TargetOptions,
    endpoint: str | None,
    source: str,
    *,
    local: bool,
) -> None:
    """Raise OsemError if a local environment leads to AWS, or an AWS one to a local engine."""
    if local and is_aws(endpoint):
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
        and any(same_place(endpoint, engine) for engine in options.engines)
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


def _way_back(
    environment: Environment,
    options: TargetOptions,
    variables: Mapping[str, str],
    source: str,
    endpoint: str | None,
    *,
    local: bool,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the options and variables that make a later command use the same target.

    A variable may be set for one command only, so its effect is repeated. A variable that
    redirects an AWS environment stays a variable, because other rules apply to it.
    """
    endpoint_again = options.endpoint
    settings = {}
    unlisted = source == STARTED and not same_place(options.started, options.recorded)
    named = source in ENDPOINT_VARIABLES or variables.get("OSEM_LOCAL_NAME")
    if local and (named or unlisted or environment.where == "aws"):
        endpoint_again = endpoint
    elif not local and source in ENDPOINT_VARIABLES:
        settings[source] = str(endpoint)
    elif not local and not options.endpoint and _ignores_endpoints(variables):
        settings[IGNORE_ENDPOINTS] = "true"
    own_profile = options.profile or variables.get("AWS_PROFILE")
    region = _first(options.region, *(variables.get(name) for name in REGION_VARIABLES))
    if not options.region and not own_profile and region == DEFAULT_REGION:
        region = None  # the same as in a shell without variables
    profile = options.profile if local else own_profile
    prefix = variables.get("OSEM_DB_PREFIX")
    if prefix and prefix != environment.default_prefix:
        settings["OSEM_DB_PREFIX"] = prefix
    chosen = (("--endpoint", endpoint_again), ("--region", region), ("--profile", profile))
    words = [word for option, value in chosen if value for word in (option, value)]
    return (*words, *(["--force"] if options.force else [])), settings


def _local_endpoint(
    options: TargetOptions, variables: Mapping[str, str]
) -> tuple[str, str, list[str]]:
    diverting = [name for name in ENDPOINT_VARIABLES if variables.get(name)]
    if options.endpoint:
        return options.endpoint, OPTION, []
    if options.started:
        warnings = [
            f"Ignoring {name}={variables[name]}; using the engine that local.up just started "
            f"at {options.started}."
            for name in diverting
            if variables[name] != options.started
        ]
        return options.started, STARTED, warnings
    if diverting:
        return variables[diverting[0]], diverting[0], []
    if options.recorded:
        return options.recorded, "the running engine", []
    return DEFAULT_ENDPOINT, DEFAULT, []


def _aws_endpoint(
    environment: Environment, options: TargetOptions, variables: Mapping[str, str]
) -> tuple[str | None, str, list[str]]:
    warnings = []
    if options.started:
        warnings.append(
            f"local.up started an engine at {options.started}, but --env "
            f"{environment.name} is on AWS. For that engine: {OPTION} {options.started}"
        )
    if options.endpoint:
        return options.endpoint, OPTION, warnings
    # The SDK reads the same variables; a diversion to a local engine is refused before any call.
    for name in ENDPOINT_VARIABLES:
        if variables.get(name) and not _ignores_endpoints(variables):
            return variables[name], name, warnings
    return None, "AWS", warnings


def _ignores_endpoints(variables: Mapping[str, str]) -> bool:
    return variables.get(IGNORE_ENDPOINTS, "").lower() == "true"


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value), None)
