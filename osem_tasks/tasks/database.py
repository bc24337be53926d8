"""What every ``db`` task begins with: its target, its tables, its connection."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.store import TableStore
from osem_tasks.clock import Deadline
from osem_tasks.engines import state
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.osem import TABLES
from osem_tasks.settings import REMEDY, seconds
from osem_tasks.target import Asked, Target, resolve
from osem_tasks.tasks.boundary import OUTPUT_OPTIONS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
    client: DynamoDBClient
    store: TableStore
    deadline: Deadline


def open_database(job: Job) -> Database:
    """Resolve the target, say where it is, and connect. Raises OsemError."""
    from osem_tasks.aws.client import connect

    deadline = Deadline(_timeout(job))
    target = _target(job)
    connection = connect(target)
    job.place.update(
        environment=target.environment.name,
        region=connection.region,
        endpoint=target.endpoint,
    )
    for warning in target.warnings:
        job.console.warn(warning)
    where = f"local engine {target.endpoint}" if target.local else "AWS"
    job.console.info(
        f"Target: {where} · environment {target.environment.name} · region "
        f"{connection.region} · prefix {target.prefix}"
    )
    client = connection.dynamodb()
    return Database(target, target.place(TABLES), client, TableStore(client, target), deadline)


def _target(job: Job) -> Target:
    environment = job.settings.environment(job.options["env"], os.environ)
    started = job.session.get("endpoint")
    recorded = None if started else state.newest()
    asked = Asked(
        region=job.options["region"],
        endpoint=job.options["endpoint"],
        profile=job.options["profile"],
        started=started,
        recorded=recorded.endpoint if recorded else None,
    )
    return resolve(environment, asked, os.environ)


def _timeout(job: Job) -> float:
    try:
        return seconds(job.options["timeout"])
    except ValueError as error:
        problem = f"--timeout {error}, not {job.options['timeout']!r}"
        raise ConfigurationError([problem], remediation=REMEDY) from error
