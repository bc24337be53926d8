"""What every ``db`` task begins with: its target, its tables, its connection."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks import configfile, guards, tables
from osem_tasks.aws.store import TableStore
from osem_tasks.clock import Deadline
from osem_tasks.engines import probe, state
from osem_tasks.run import Run
from osem_tasks.settings import option, seconds
from osem_tasks.target import Asked, Target, is_loopback, resolve
from osem_tasks.tasks.boundary import OUTPUT_OPTIONS

if TYPE_CHECKING:
    from osem_tasks.aws.client import Connection
    from osem_tasks.journal import Journal
    from osem_tasks.run import Narrator
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.boundary import Job

COMMON: dict[str, tuple[Any, str]] = {
    "env": (None, "Environment: local, test, dev, staging, prod, or a configured one."),
    "region": (None, "AWS region; default: AWS_REGION, the profile's, us-east-1."),
    "endpoint": (None, "DynamoDB endpoint URL; on loopback it makes any environment local."),
    "profile": (None, "AWS profile to use."),
    "timeout": ("600", "Seconds after which waiting for tables ends."),
    "force": (False, "Go on where only a region or endpoint warning stops 'prod'."),
    **OUTPUT_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Database:
    """A target that was announced, its tables as they are to be, and the way to them."""

    target: Target
    tables: TableSet
    connection: Connection
    store: TableStore
    deadline: Deadline

    def run(self, journal: Journal, narrator: Narrator) -> Run:
        """A run of changes on this target."""
        return Run(self.store, self.tables, journal, self.deadline, narrator)


def open_database(job: Job, *, destructive: bool = False) -> Database:
    """Resolve the target, check it, say where it is, and connect. Raises OsemError.

    A ``destructive`` task is refused before a protected environment is even asked.
    """
    from osem_tasks.aws.client import connect

    deadline = Deadline(option("--timeout", job.options["timeout"], seconds))
    target = resolve_target(job)
    job.place.update(
        environment=target.environment.name, region=target.region, endpoint=target.endpoint
    )
    guards.check_prefix(target, job.settings.environments.values())
    if destructive:
        guards.check_destructive(target)
    connection = connect(target, job.console.call)
    job.place["region"] = connection.region
    place = _local_place(target) if target.local else _aws_place(job, connection)
    job.console.info(
        f"Target: {place} · environment {target.environment.name} · region "
        f"{connection.region} · prefix {target.prefix}"
    )
    for warning in target.warnings:
        job.console.warn(warning)
    return Database(
        target, target.place(declared_tables(job)), connection, TableStore(connection), deadline
    )


def declared_tables(job: Job) -> TableSet:
    """The tables that the configuration declares, without prefix. Raises OsemError."""
    return tables.load(job.settings.tables, configfile.project())


def _local_place(target: Target) -> str:
    return f"local engine {target.endpoint}"


def _aws_place(job: Job, connection: Connection) -> str:
    """Check identity, account, region and endpoint of an AWS target, and name it."""
    from osem_tasks.aws.identity import identify

    target, force = connection.target, bool(job.options["force"])
    local = is_loopback(target.endpoint) and (
        probe.ask(str(target.endpoint)) is probe.Answer.DYNAMODB_LOCAL
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


def resolve_target(job: Job) -> Target:
    """Where the task is to act, by options, variables and running engines."""
    environment = job.settings.environment(job.options["env"], os.environ)
    started = job.session.get("endpoint")
    # The configured engine first; another only where that one is not up.
    recorded = state.load(job.settings.name) or state.newest()
    asked = Asked(
        region=job.options["region"],
        endpoint=job.options["endpoint"],
        profile=job.options["profile"],
        started=started,
        recorded=recorded.endpoint if recorded else None,
    )
    return resolve(environment, asked, os.environ)
