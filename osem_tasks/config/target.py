"""Decides from values alone where a task acts: environment, endpoint, region, prefix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from osem_tasks.config.commands import command
from osem_tasks.config.endpoints import (
    IGNORE_ENDPOINTS,
    UNKNOWN_SETTING,
    check_url,
    is_aws,
    is_aws_service,
    is_loopback,
    same_place,
)
from osem_tasks.config.local_access import DEFAULT_ENDPOINT, DEFAULT_REGION, LOCAL_ACCOUNT
from osem_tasks.declarations.context import Context
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.config.endpoints import SdkEndpoint
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.naming import Naming
    from osem_tasks.schema.model import TableSet

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
OPTION = "--endpoint"
STARTED = "local.up"
# What chose the environment, where an option did.
BY_OPTION = "--env"
DEFAULT = "the default"
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place where a task acts.

    ``endpoint`` None leaves it to the SDK (AWS itself). ``local`` applies the rules for local
    engines: dummy keys, no STS, no confirmation. ``region`` None means the profile's region,
    then us-east-1. ``diverted_by`` is the variable, or in words the setting, that redirects an
    AWS environment. ``chosen_by`` says what chose the environment; it is empty for the default.
    ``options`` and ``variables`` make a later command use the same target. ``only`` holds the
    names to which ``--table`` narrows the task; empty for all tables.
    """

    environment: Environment
    local: bool
    endpoint: str | None
    source: str
    region: str | None
    naming: Naming
    profile: str | None = None
    diverted_by: str | None = None
    chosen_by: str = ""
    warnings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def narrowed(self, names: Sequence[str]) -> Target:
        """Return this target for these tables only."""
        return replace(self, only=tuple(names))

    @property
    def prefix(self) -> str:
        """What stands before every table name; ``naming`` may also have something after it."""
        return self.naming.prefix

    def command(self, task: str, *words: str) -> str:
        """Return a command line of ``task`` for this target that works in any shell."""
        tables = [word for name in self.only for word in ("--table", name)]
        options = ("--env", self.environment.name, *self.options, *tables)
        return command(task, *options, *words, variables=self.variables)

    @property
    def described(self) -> str:
        """The environment in words, and what chose it unless it is the default."""
        by = f" (by {self.chosen_by})" if self.chosen_by else ""
        return f"environment {self.environment.name}{by}"

    def led_to(self, found: SdkEndpoint) -> Target:
        """Return this AWS target with the endpoint that its client of DynamoDB really has."""
        if found.is_aws and not found.by:
            return replace(self, endpoint=None, source="AWS", diverted_by=None)
        source = found.by or UNKNOWN_SETTING
        diverted = None if found.is_aws or source == OPTION else source
        return replace(self, endpoint=found.url, source=source, diverted_by=diverted)

    @property
    def protected(self) -> bool:
        """Whether tasks may not delete a table here."""
        return self.environment.protected and not self.local

    def without_local_rules(self) -> Target:
        """Return this target without local rules, for a server that is not proven to be local."""
        return replace(self, local=False)

    def context(self, *, region: str | None = None, account: str | None = None) -> Context:
        """Return what a declaration may depend on; ``region`` and ``account`` where known."""
        environment = self.environment
        local = (DEFAULT_REGION, LOCAL_ACCOUNT) if self.local else (None, None)
        return Context(
            parameters=environment.parameters,
            region=region or self.region or environment.region or local[0],
            account=account or environment.account or local[1],
            local=self.local,
            importing=self._importing,
        )

    @property
    def _importing(self) -> str:
        # A local engine has the tables only after they are declared: they are elsewhere.
        name = "ENV" if self.local else self.environment.name
        return command(
            "db.import", "--env", name, "--from-table", "NAME", "--output", "tables.json"
        )

    def tables_of(self, declared: TableSet) -> TableSet:
        """Return the declared tables for this target, with their names, tags and protection."""
        environment = self.environment
        # On a local engine, an AWS environment keeps its names but not its protection.
        protect = not self.local or environment.where == "local"
        return declared.for_environment(
            self.naming.prefix,
            self.naming.suffix,
            tags=environment.all_tags,
            deletion_protection=environment.deletion_protection if protect else None,
            point_in_time_recovery=environment.point_in_time_recovery if protect else None,
        )


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
    chosen = options.chosen_by in {None, BY_OPTION}
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
