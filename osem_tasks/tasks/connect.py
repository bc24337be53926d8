"""The first steps of every ``db`` task: find the target and the tables, and connect.

A TAB after a task's name imports this module, and runs no task: what the steps need is imported in
their bodies.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.errors import ConfigurationError, ModelError
from osem_tasks.tasks.target import check_server, resolve_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from osem_tasks.apply.run import Run
    from osem_tasks.aws.identity import Identity
    from osem_tasks.aws.session import Connection
    from osem_tasks.config.endpoints import SdkEndpoint
    from osem_tasks.config.target import Target
    from osem_tasks.declarations.context import Context
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job
    from osem_tasks.waiting.clock import Deadline


def open_target(
    job: Job,
    *,
    destructive: bool = False,
    reading: bool = False,
    undeclared: bool = False,
    unread: bool = False,
    check: Callable[[Target], None] | None = None,
) -> Run:
    """Resolve the target, check it, report it, and connect. Raises OsemError.

    A ``destructive`` task on a protected environment is refused before any request to it.
    A ``reading`` task may share its table names with a protected environment. ``undeclared``
    allows a project that declares no tables; the run then has none. With ``unread`` the
    declaration is not even read: the task does without, and may be the remedy for a broken one.
    ``check`` raises OsemError for a target that the task refuses, before any request to it.
    """
    from osem_tasks.apply.run import Journal, Run
    from osem_tasks.aws.session import connect
    from osem_tasks.aws.store import TableStore
    from osem_tasks.config import guards
    from osem_tasks.schema.model import TableSet

    settings = job.settings  # the time is for the tables, not for reading the configuration
    deadline = _deadline(job)
    target = resolve_target(job)
    job.location.update(
        environment=target.environment.name, region=target.region, endpoint=target.endpoint
    )
    needed = not unread and (settings.tables or not undeclared)
    if needed:
        settings.declaration()  # refuse before any request, with or without credentials
    if destructive:
        guards.check_destructive(target)
    if check:
        check(target)
    for warning in target.warnings:
        job.console.warn(warning)
    connection = connect(target, job.console.call)
    if not reading:
        guards.check_prefix(target, settings.environments.values(), connection.region)
    job.location["region"] = connection.region
    identity, sts = (None, None) if target.local else _check_aws(job, connection)
    job.account = identity.account if identity else None
    target = connection.target
    where = _description(target, identity, sts)
    declared = TableSet(())
    if needed:
        context = target.context(region=connection.region, account=job.account)
        declared = declared_tables(job, context)
    job.console.info(
        f"Target: {where} · {target.described} · region {connection.region} · "
        f"{target.naming} · {_declared(job, unread=unread)}"
    )
    check_server(job, target, deadline)
    tables = target.tables_of(declared)
    store = TableStore(connection, deadline)
    return Run(target, tables, store, deadline, job.console, Journal(tables.names))


def _deadline(job: Job) -> Deadline:
    """Start the time of ``--timeout``, after which no wait goes on. Raises OsemError."""
    from osem_tasks.config.settings import option
    from osem_tasks.config.values import seconds
    from osem_tasks.waiting import watchdog
    from osem_tasks.waiting.clock import Deadline

    deadline = Deadline(option("--timeout", job.options["timeout"], seconds))
    watchdog.watch(deadline)
    return deadline


def declared_tables(job: Job, context: Context) -> TableSet:
    """Return the tables that the configuration declares, by declared names.

    ``context`` has the values that the declaration may depend on. Raises OsemError.
    """
    from osem_tasks.config import project
    from osem_tasks.config.settings import remedy
    from osem_tasks.declarations import load

    context = replace(context, home=job.settings.sources.project.name)
    tables = load.load(*job.settings.declaration(), context)
    source = job.settings.declared_in(project.current())
    job.declaration.update(source=source, tables=len(tables))
    if job.settings.mask:
        from osem_tasks.tasks import masking

        job.masks = masking.declared(job, tables)
    try:
        return tables.ignoring(job.settings.ignore)
    except ModelError as error:
        problems = [f"osem.ignore: {problem}" for problem in error.problems]
        where = remedy(job.settings.sources.project)
        raise ConfigurationError(problems, remediation=where) from error


def _declared(job: Job, *, unread: bool) -> str:
    """Return how many tables are declared, and where."""
    if unread:
        return "declared tables not read"
    if not job.declaration:
        return "no tables declared"
    from osem_tasks.output.outcome import counted

    return f"{counted(job.declaration['tables'], 'table')} of {job.declaration['source']}"


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
    from osem_tasks.config import guards

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
    from osem_tasks.config import guards

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
    from osem_tasks.config.target import OPTION
    from osem_tasks.engines import probe

    return not found.is_aws and found.by != OPTION and probe.is_engine(found.url)


def _places(target: Target, sts: SdkEndpoint | None) -> str:
    """Return the endpoints that are not the SDK's own choice, each with what set it."""
    places = f" at {target.endpoint} (by {target.source})" if target.endpoint else ""
    # An endpoint for all services is said once.
    elsewhere = sts and sts.by and (sts.url, sts.by) != (target.endpoint, target.source)
    return f"{places}, STS at {sts.url} (by {sts.by})" if sts and elsewhere else places
