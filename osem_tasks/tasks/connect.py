"""The first steps of every ``db`` task: find the target and the tables, and connect."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Journal, Run
from osem_tasks.aws.store import TableStore
from osem_tasks.config import file, guards, variables
from osem_tasks.config.endpoints import is_loopback, same_place
from osem_tasks.config.settings import option, seconds
from osem_tasks.config.target import STARTED, Target, TargetOptions, resolve
from osem_tasks.declarations import load
from osem_tasks.engines import manager, probe, records, strangers
from osem_tasks.errors import OsemError
from osem_tasks.schema import emulators
from osem_tasks.waiting import watchdog
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from osem_tasks.aws.session import Connection
    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job


def open_target(job: Job, *, destructive: bool = False) -> Run:
    """Resolve the target, check it, report it, and connect. Raises OsemError.

    A ``destructive`` task on a protected environment is refused before any request to it.
    """
    from osem_tasks.aws.session import connect

    deadline = Deadline(option("--timeout", job.options["timeout"], seconds))
    watchdog.watch(deadline)
    target = resolve_target(job)
    job.location.update(
        environment=target.environment.name, region=target.region, endpoint=target.endpoint
    )
    guards.check_prefix(target, job.settings.environments.values())
    if destructive:
        guards.check_destructive(target)
    connection = connect(target, job.console.call)
    job.location["region"] = connection.region
    where = _describe_local(target) if target.local else _check_aws(job, connection)
    job.console.info(
        f"Target: {where} · environment {target.environment.name} · region "
        f"{connection.region} · prefix {target.prefix}"
    )
    for warning in target.warnings:
        job.console.warn(warning)
    tables = target.tables_of(declared_tables(job))
    store = TableStore(connection, deadline)
    return Run(target, tables, store, deadline, job.console, Journal(tables.names))


def declared_tables(job: Job) -> TableSet:
    """Return the tables that the configuration declares, without prefix. Raises OsemError."""
    return load.load(job.settings.tables, file.project())


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


def _describe_local(target: Target) -> str:
    strangers.refuse_stranger(target)
    return f"local engine {target.endpoint}"


def _check_aws(job: Job, connection: Connection) -> str:
    """Check identity, account, region and endpoint of an AWS target; return its description."""
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
    diverted = f" at {target.endpoint} (by {target.source})" if target.endpoint else ""
    return f"AWS account {identity.account}{diverted} as {identity.arn}"
