"""Decides from values alone where a task acts: environment, endpoint, region, prefix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command
from osem_tasks.config.endpoints import check_url, is_aws, is_loopback, same_place
from osem_tasks.config.local_access import DEFAULT_ENDPOINT, DEFAULT_REGION
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.environments import Environment
    from osem_tasks.schema.model import TableSet

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
STARTED = "local.up"
DEFAULT = "the default"
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """The target's options from the command line and from earlier commands.

    ``started`` is the endpoint of the engine that ``local.up`` started in this command line,
    ``recorded`` that of the engine that a later command would find.
    """

    region: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    force: bool = False
    started: str | None = None
    recorded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place where a task acts.

    ``endpoint`` None leaves it to the SDK (AWS itself). ``local`` applies the rules for local
    engines: dummy keys, no STS, no confirmation. ``region`` None means the profile's region,
    then us-east-1. ``diverted_by`` is the variable that redirects an AWS environment.
    ``options`` and ``variables`` make a later command use the same target.
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
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, task: str, *words: str) -> str:
        """Return a command line of ``task`` for this target that works in any shell."""
        options = ("--env", self.environment.name, *self.options)
        return command(task, *options, *words, variables=self.variables)

    @property
    def protected(self) -> bool:
        """Whether tasks may not delete a table here."""
        return self.environment.protected and not self.local

    def without_local_rules(self) -> Target:
        """Return this target without local rules, for a server that is not proven to be local."""
        return replace(self, local=False)

    def tables_of(self, declared: TableSet) -> TableSet:
        """Return the declared tables for this target, with prefix, tags and protection."""
        environment = self.environment
        # On a local engine, an AWS environment keeps its names but not its protection.
        protect = not self.local or environment.where == "local"
        return declared.for_environment(
            self.prefix,
            tags=environment.all_tags,
            deletion_protection=environment.deletion_protection if protect else None,
            point_in_time_recovery=environment.point_in_time_recovery if protect else None,
        )


def resolve(
    environment: Environment, options: TargetOptions, variables: Mapping[str, str]
) -> Target:
    """Choose the target by the documented precedence. Raises OsemError for a contradiction."""
    local = environment.where == "local" or is_loopback(options.endpoint)
    endpoint, source, warnings = (
        _local_endpoint(options, variables) if local else _aws_endpoint(options, variables)
    )
    check_url(endpoint, source)
    _refuse_contradiction(environment, options, endpoint, source, local=local)
    diverted = source if not local and source in ENDPOINT_VARIABLES else None
    again, settings = _way_back(environment, options, variables, source, endpoint, local=local)
    return Target(
        environment=environment,
        local=local,
        endpoint=endpoint,
        source=source,
        region=_first(options.region, *(variables.get(name) for name in REGION_VARIABLES)),
        prefix=variables.get("OSEM_DB_PREFIX") or environment.default_prefix,
        profile=options.profile,
        diverted_by=diverted,
        warnings=tuple(warnings),
        options=again,
        variables=settings,
    )


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
    engines = (options.started, options.recorded)
    if (
        not local
        and source in ENDPOINT_VARIABLES
        and any(same_place(endpoint, engine) for engine in engines)
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
    if local and (source in ENDPOINT_VARIABLES or unlisted or variables.get("OSEM_LOCAL_NAME")):
        endpoint_again = endpoint
    elif not local and source in ENDPOINT_VARIABLES:
        settings[source] = str(endpoint)
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
        return options.endpoint, "--endpoint", []
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
    options: TargetOptions, variables: Mapping[str, str]
) -> tuple[str | None, str, list[str]]:
    if options.endpoint:
        return options.endpoint, "--endpoint", []
    # The SDK reads the same variables, and the target line must show their effect.
    ignored = variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    for name in ENDPOINT_VARIABLES:
        if variables.get(name) and not ignored:
            return variables[name], name, []
    return None, "AWS", []


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value), None)
