"""The first steps of every ``db`` task: find the target and the tables, and connect."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Journal, Run
from osem_tasks.aws.store import TableStore
from osem_tasks.config import guards, project, secrets, variables
from osem_tasks.config.endpoints import IGNORE_ENDPOINTS, same_place
from osem_tasks.config.local_access import DEFAULT_ENDPOINT
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.config.settings import REMEDY, option
from osem_tasks.config.target import DEFAULT, ENDPOINT_VARIABLES, OPTION, STARTED, Target
from osem_tasks.config.values import seconds
from osem_tasks.engines import manager, probe, records, service, strangers
from osem_tasks.engines.selection import select
from osem_tasks.errors import ConfigurationError, ModelError, OsemError
from osem_tasks.output.outcome import counted
from osem_tasks.schema.model import TableSet
from osem_tasks.tasks.job import NOT_STARTED
from osem_tasks.waiting import watchdog
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.aws.identity import Identity
    from osem_tasks.aws.session import Connection
    from osem_tasks.config.endpoints import SdkEndpoint
    from osem_tasks.config.environments import Environment
    from osem_tasks.declarations.context import Context
    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.tasks.job import Job


def open_target(
    job: Job,
    *,
    destructive: bool = False,
    reading: bool = False,
    undeclared: bool = False,
    unread: bool = False,
) -> Run:
    """Resolve the target, check it, report it, and connect. Raises OsemError.

    A ``destructive`` task on a protected environment is refused before any request to it.
    A ``reading`` task may share its table names with a protected environment. ``undeclared``
    allows a project that declares no tables; the run then has none. With ``unread`` the
    declaration is not even read: the task does without, and may be the remedy for a broken one.
    """
    from osem_tasks.aws.session import connect

    settings = job.settings  # the time is for the tables, not for reading the configuration
    deadline = Deadline(option("--timeout", job.options["timeout"], seconds))
    watchdog.watch(deadline)
    target = resolve_target(job)
    job.location.update(
        environment=target.environment.name, region=target.region, endpoint=target.endpoint
    )
    needed = not unread and (settings.tables or not undeclared)
    if needed:
        settings.declaration()  # refuse before any request, with or without credentials
    if destructive:
        guards.check_destructive(target)
    for warning in target.warnings:
        job.console.warn(warning)
    connection = connect(target, job.console.call)
    if not reading:
        guards.check_prefix(target, settings.environments.values(), connection.region)
    job.location["region"] = connection.region
    identity, sts = (None, None) if target.local else _check_aws(job, connection)
    target = connection.target
    where = _description(target, identity, sts)
    declared = TableSet(())
    if needed:
        account = identity.account if identity else None
        declared = declared_tables(job, target.context(region=connection.region, account=account))
    job.console.info(
        f"Target: {where} · {target.described} · region {connection.region} · "
        f"{target.naming} · {_declared(job, unread=unread)}"
    )
    if target.local:
        strangers.refuse_stranger(target)
    _await_service(job, target, deadline)
    tables = target.tables_of(declared)
    store = TableStore(connection, deadline)
    return Run(target, tables, store, deadline, job.console, Journal(tables.names))


def declared_tables(job: Job, context: Context) -> TableSet:
    """Return the tables that the configuration declares, by declared names.

    ``context`` has the values that the declaration may depend on. Raises OsemError.
    """
    # The readers of all formats are many modules, which a list of tasks does not need.
    from osem_tasks.declarations import load

    tables = load.load(*job.settings.declaration(), context)
    source = job.settings.declared_in(project.current())
    job.declaration.update(source=source, tables=len(tables))
    try:
        return tables.ignoring(job.settings.ignore)
    except ModelError as error:
        problems = [f"osem.ignore: {problem}" for problem in error.problems]
        raise ConfigurationError(problems, remediation=REMEDY) from error


def _declared(job: Job, *, unread: bool) -> str:
    """Return how many tables are declared, and where."""
    if unread:
        return "declared tables not read"
    if not job.declaration:
        return "no tables declared"
    return f"{counted(job.declaration['tables'], 'table')} of {job.declaration['source']}"


def resolve_target(job: Job) -> Target:
    """Return the target of the task from options, variables and running engines."""
    environment = job.settings.environment(job.options["env"], os.environ)
    recorded = _recorded_engine(job)
    options = _options(job, environment, recorded)
    target = resolve(environment, options, _shell(environment, options.profile))
    # A record is a claim: an endpoint from it must belong to exactly that engine.
    unnamed = target.local and not options.endpoint
    if recorded and unnamed and same_place(target.endpoint, recorded.endpoint):
        manager.refuse_stranger(recorded)
    return replace(target, warnings=(*target.warnings, *_empty_variables(job, target)))


def _options(job: Job, environment: Environment, recorded: EngineRecord | None) -> TargetOptions:
    started = job.session.get("endpoint")
    if job.session.get(NOT_STARTED) and environment.where == "aws":
        started = started or DEFAULT_ENDPOINT  # a dry local.up: where the engine would be
    return TargetOptions(
        region=job.options["region"],
        endpoint=job.options["endpoint"],
        profile=job.options["profile"],
        force=bool(job.options["force"]),
        started=started,
        recorded=recorded.endpoint if recorded else None,
        chosen_by=variables.chosen_by(environment.name, job.options["env"], os.environ),
    )


def _shell(environment: Environment, profile: str | None) -> Mapping[str, str]:
    """Return the variables of this shell; a profile may tell the SDK to ignore some of them."""
    shell = secrets.shell()
    if environment.where == "aws" and any(map(shell.get, ENDPOINT_VARIABLES)):
        from osem_tasks.aws.endpoints import ignores_configured

        if ignores_configured(profile):
            shell[IGNORE_ENDPOINTS] = "true"
    return shell


def _recorded_engine(job: Job) -> EngineRecord | None:
    """Return the record of the engine that a task means, if there is one.

    Raises OsemError if several engines run and the task needs one of them.
    """
    try:
        for text in records.unreadable():
            job.console.warn(text)
        if _is_elsewhere(job):
            return records.load(job.settings.name) or records.newest()
        chosen = select(job.settings.name, project=str(job.settings.sources.default))
    except OsemError as error:  # AWS does not need the state directory
        job.console.warn(error.message)
        return None
    if chosen.others:
        raise chosen.ambiguous()
    return chosen.record


def _is_elsewhere(job: Job) -> bool:
    """Return whether a task acts elsewhere than on the engine that it would find itself."""
    environment = job.settings.environment(job.options["env"], os.environ)
    named = job.options["endpoint"] or job.session.get("endpoint")
    return environment.where != "local" or bool(
        named or any(map(os.environ.get, ENDPOINT_VARIABLES))
    )


def _await_service(job: Job, target: Target, deadline: Deadline) -> None:
    """Wait for a server that is named by its endpoint and is just starting.

    No engine was recorded at the default endpoint: only CI services are expected there.
    """
    ours = target.source == STARTED or job.session.get(NOT_STARTED)
    recorded = target.source not in (*ENDPOINT_VARIABLES, OPTION, DEFAULT)
    if not target.local or ours or recorded:
        return
    if target.source != DEFAULT or service.is_ci(os.environ):
        with job.console.working(f"waiting for {target.endpoint}"):
            service.wait_for(str(target.endpoint), deadline, job.console.info, os.environ)


def _empty_variables(job: Job, target: Target) -> list[str]:
    """Return a warning for each empty variable that would have determined the target."""
    options = ["env", "prefix", "region"]
    # Only AWS uses a profile; an engine of this command line overrides the variables.
    options += [] if target.local else ["profile"]
    options += [] if target.source == STARTED else ["endpoint"]
    options += ["name"] if target.local and target.source != STARTED else []
    return [
        variables.warning(name)
        for option in options
        if job.options.get(option) is None and not (option == "name" and job.options["endpoint"])
        for name in variables.passed_over(option, job.empty_variables, os.environ)
    ]


def _description(target: Target, identity: Identity | None, sts: SdkEndpoint | None) -> str:
    if identity is None:
        return f"local engine {target.endpoint}"
    return f"AWS account {identity.account}{_places(target, sts)} as {identity.arn}"


def _check_aws(job: Job, connection: Connection) -> tuple[Identity, SdkEndpoint]:
    """Check identity, account, region and endpoints of an AWS target.

    Return the identity, and the endpoint of STS. The endpoints are those that the clients really
    have, whatever set them.
    """
    from osem_tasks.aws.identity import identify

    force = bool(job.options["force"])
    sts = _judge_endpoints(job, connection, force=force)
    target = connection.target
    if warning := guards.check_region(target, connection.region, force=force):
        job.console.warn(warning)
    identity = identify(connection)
    guards.check_account(target, identity.account)
    return identity, sts


def _judge_endpoints(job: Job, connection: Connection, *, force: bool) -> SdkEndpoint:
    """Set the target's real endpoint, check it and that of STS; return the latter."""
    from osem_tasks.aws import endpoints

    dynamodb, sts = endpoints.real(connection, os.environ)
    connection.target = target = connection.target.led_to(dynamodb)
    job.location["endpoint"] = target.endpoint
    warnings = (
        guards.check_diversion(target, to_local_engine=_is_engine(dynamodb), force=force),
        guards.check_sts(target, sts, to_local_engine=_is_engine(sts), force=force),
    )
    for warning in filter(None, warnings):
        job.console.warn(warning)
    return sts


def _is_engine(found: SdkEndpoint) -> bool:
    """Return whether a client that is led away from AWS reaches a local engine."""
    return not found.is_aws and found.by != OPTION and probe.is_engine(found.url)


def _places(target: Target, sts: SdkEndpoint | None) -> str:
    """Return the endpoints that are not the SDK's own choice, each with what set it."""
    places = f" at {target.endpoint} (by {target.source})" if target.endpoint else ""
    # An endpoint for all services is said once.
    elsewhere = sts and sts.by and (sts.url, sts.by) != (target.endpoint, target.source)
    return f"{places}, STS at {sts.url} (by {sts.by})" if sts and elsewhere else places
