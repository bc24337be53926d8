"""The first steps of every ``db`` task: find the target and the tables, and connect."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Journal, Run
from osem_tasks.aws.store import TableStore
from osem_tasks.config import guards, project, variables
from osem_tasks.config.endpoints import is_loopback, same_place
from osem_tasks.config.settings import REMEDY, option, seconds
from osem_tasks.config.target import STARTED, Target, TargetOptions, resolve
from osem_tasks.declarations import load
from osem_tasks.engines import manager, probe, records
from osem_tasks.errors import ConfigurationError, ModelError, OsemError
from osem_tasks.output.outcome import counted
from osem_tasks.schema import emulators
from osem_tasks.schema.model import TableSet
from osem_tasks.waiting import watchdog
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from osem_tasks.aws.identity import Identity
    from osem_tasks.aws.session import Connection
    from osem_tasks.declarations.context import Context
    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.tasks.job import Job


def open_target(
    job: Job, *, destructive: bool = False, reading: bool = False, undeclared: bool = False
) -> Run:
    """Resolve the target, check it, report it, and connect. Raises OsemError.

    A ``destructive`` task on a protected environment is refused before any request to it.
    A ``reading`` task may share its table names with a protected environment. ``undeclared``
    allows a project that declares no tables; the run then has none.
    """
    from osem_tasks.aws.session import connect

    settings = job.settings  # the time is for the tables, not for reading the configuration
    deadline = Deadline(option("--timeout", job.options["timeout"], seconds))
    watchdog.watch(deadline)
    target = resolve_target(job)
    job.location.update(
        environment=target.environment.name, region=target.region, endpoint=target.endpoint
    )
    if not (undeclared and not settings.tables):
        settings.declaration()  # refuse before any request, with or without credentials
    if destructive:
        guards.check_destructive(target)
    connection = connect(target, job.console.call)
    if not reading:
        guards.check_prefix(target, settings.environments.values(), connection.region)
    job.location["region"] = connection.region
    identity = None if target.local else _check_aws(job, connection)
    where = _description(target, identity)
    declared = TableSet(())
    if not (undeclared and not settings.tables):
        account = identity.account if identity else None
        declared = declared_tables(job, target.context(region=connection.region, account=account))
    job.console.info(
        f"Target: {where} · environment {target.environment.name} · region "
        f"{connection.region} · {target.naming} · {_declared(job)}"
    )
    for warning in target.warnings:
        job.console.warn(warning)
    tables = target.tables_of(declared)
    store = TableStore(connection, deadline)
    return Run(target, tables, store, deadline, job.console, Journal(tables.names))


def declared_tables(job: Job, context: Context) -> TableSet:
    """Return the tables that the configuration declares, by declared names.

    ``context`` has the values that the declaration may depend on. Raises OsemError.
    """
    tables = load.load(*job.settings.declaration(), context)
    source = job.settings.declared_in(project.current())
    job.declaration.update(source=source, tables=len(tables))
    try:
        return tables.ignoring(job.settings.ignore)
    except ModelError as error:
        problems = [f"osem.ignore: {problem}" for problem in error.problems]
        raise ConfigurationError(problems, remediation=REMEDY) from error


def _declared(job: Job) -> str:
    """Return how many tables are declared, and where."""
    if not job.declaration:
        return "no tables declared"
    return f"{counted(job.declaration['tables'], 'table')} of {job.declaration['source']}"


def resolve_target(job: Job) -> Target:
    """Return the target of the task from options, variables and running engines."""
    environment = job.settings.environment(job.options["env"], os.environ)
    recorded = _recorded_engine(job)
    options = TargetOptions(
        region=job.options["region"],
        endpoint=job.options["endpoint"],
        profile=job.options["profile"],
        force=bool(job.options["force"]),
        started=job.session.get("endpoint"),
        recorded=recorded.endpoint if recorded else None,
    )
    target = resolve(environment, options, os.environ)
    # A record is a claim: an endpoint from it must belong to exactly that engine.
    unnamed = target.local and not options.endpoint
    if recorded and unnamed and same_place(target.endpoint, recorded.endpoint):
        manager.refuse_stranger(recorded)
    return replace(target, warnings=(*target.warnings, *_empty_variables(job, target)))


def _recorded_engine(job: Job) -> EngineRecord | None:
    """Return the record of the configured engine, or of the last used one if that is not up."""
    try:
        for text in records.unreadable():
            job.console.warn(text)
        return records.load(job.settings.name) or records.newest()
    except OsemError as error:  # AWS does not need the state directory
        job.console.warn(error.message)
        return None


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


def _description(target: Target, identity: Identity | None) -> str:
    if identity is None:
        return f"local engine {target.endpoint}"
    diverted = f" at {target.endpoint} (by {target.source})" if target.endpoint else ""
    return f"AWS account {identity.account}{diverted} as {identity.arn}"


def _check_aws(job: Job, connection: Connection) -> Identity:
    """Check identity, account, region and endpoint of an AWS target; return the identity."""
    from osem_tasks.aws.identity import identify

    target, force = connection.target, bool(job.options["force"])
    local = is_loopback(target.endpoint) and (
        probe.ask(str(target.endpoint)) is emulators.DYNAMODB_LOCAL
    )
    warnings = [
        guards.check_diversion(target, to_local_engine=local, force=force),
        guards.check_region(target, connection.region, force=force),
    ]
    for warning in filter(None, warnings):
        job.console.warn(warning)
    identity = identify(connection)
    guards.check_account(target, identity.account)
    return identity
