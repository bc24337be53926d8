"""The masks that a project declares, and the key that they are made with."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from osem_tasks.config import masks
from osem_tasks.config.settings import remedy
from osem_tasks.data import rules
from osem_tasks.data.pseudonyms import Pseudonyms
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from osem_tasks.data.rules import Masks
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job


def declared(job: Job, tables: TableSet) -> Masks:
    """Return what ``osem.mask`` declares for the declared ``tables``. Raises ConfigurationError."""
    try:
        return rules.read(job.settings.mask, tables)
    except ValueError as error:
        problems = [f"osem.mask: {problem}" for problem in str(error).splitlines()]
        where = remedy(job.settings.sources.project)
        raise ConfigurationError(problems, remediation=where) from error


def lasting(job: Job) -> Pseudonyms | None:
    """Return pseudonyms by the project's own key; None without one. Raises ConfigurationError."""
    key = masks.key(job.settings.mask_key, os.environ)
    return Pseudonyms(key) if key else None


def passing(job: Job) -> Pseudonyms:
    """Return pseudonyms by a new key that nobody keeps, and say so."""
    job.console.info(
        f"There is no masking key: this run takes a random one. Set {masks.KEY_VARIABLE} or "
        "osem.mask_key, and equal values stay equal in every later run."
    )
    return Pseudonyms(secrets.token_bytes(32))
