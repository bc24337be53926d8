"""What a policy is about: partition, region, account and tables, from options and files alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import DEFAULT_REGION
from osem_tasks.config.naming import prefix_problem
from osem_tasks.config.settings import option
from osem_tasks.config.target import REGION_VARIABLES
from osem_tasks.errors import ConfigurationError, OsemError
from osem_tasks.tasks.connect import declared_tables
from osem_tasks.tasks.narrow import only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.aws.policy import Place
    from osem_tasks.config.target import Target
    from osem_tasks.declarations.context import Context
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job


@dataclass(frozen=True, slots=True)
class _Region:
    name: str
    source: str


def place_of(
    job: Job, target: Target, account: str | None, table: Sequence[str] | None
) -> tuple[Place, list[str]]:
    """Return what the policy is about, and the KMS keys of its tables."""
    from osem_tasks.aws.policy import ANY, Place, partition_of

    if problem := prefix_problem(target.prefix):
        raise ConfigurationError(
            [f"OSEM_DB_PREFIX {problem}, not {target.prefix!r}"],
            remediation="unset OSEM_DB_PREFIX   or set it to what table names begin with",
        )
    region, known = _region(job, target), _account(target, account)
    job.location["region"] = region.name
    partition = partition_of(region.name, region.source)
    context = target.context(region=region.name, account=known)
    chosen = _chosen(job, target, context, table)
    place = Place(
        partition=partition,
        region=region.name,
        account=known or ANY,
        naming=target.naming,
        tables=chosen.names if table and chosen else (),
    )
    keys = [one.encryption.kms_key for one in chosen or () if one.encryption]
    return place, [key for key in keys if key]


def _chosen(
    job: Job, target: Target, context: Context, table: Sequence[str] | None
) -> TableSet | None:
    """Return the tables that ``--table`` names, else all that are declared, if they can be read."""
    if not table and not job.settings.tables:
        return None
    try:
        return only(target, target.tables_of(declared_tables(job, context)), table)
    except OsemError as error:
        if table:
            raise
        job.console.warn(
            "The declared tables cannot be read, so that the policy allows no use of KMS keys: "
            f"{error.message}"
        )
        return None


def _region(job: Job, target: Target) -> _Region:
    environment = target.environment
    for name, source in (
        (job.options["region"], "--region"),
        (environment.region, f"osem.environments.{environment.name}.region"),
        *((os.environ.get(variable), variable) for variable in REGION_VARIABLES),
    ):
        if name:
            return _Region(name, source)
    return _Region(DEFAULT_REGION, "the default region")


def _account(target: Target, given: str | None) -> str | None:
    """Return the account of ``--account``, or the environment's. Raises ConfigurationError."""
    pinned = target.environment.account
    if given is None:
        return pinned
    account = option("--account", given, _account_id)
    if pinned and account != pinned:
        where = f"environment '{target.environment.name}' has the account {pinned}"
        raise ConfigurationError(
            [f"--account is {account}, and {where}"],
            remediation=f"Leave --account out: {target.command('db.policy')}",
        )
    return account


def _account_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text, re.ASCII):
        raise ValueError("must be the 12 digits of an account id")
    return text
