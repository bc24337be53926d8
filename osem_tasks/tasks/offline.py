"""The target of a task that asks no engine and no AWS: what its options and the files say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.config.target import REGION_VARIABLES
from osem_tasks.tasks.target import chosen_by

if TYPE_CHECKING:
    from osem_tasks.config.target import Target
    from osem_tasks.tasks.job import Job

# The other variables of a shell say where an engine is, which is not asked.
_VARIABLES = (*REGION_VARIABLES, "OSEM_DB_PREFIX", "AWS_PROFILE")


def offline_target(job: Job) -> Target:
    """Return the target, whichever engines run and wherever the shell leads. Raises OsemError."""
    environment = job.settings.environment(job.options["env"], os.environ)
    options = TargetOptions(
        region=job.options["region"],
        profile=job.options["profile"],
        chosen_by=chosen_by(job, environment),
    )
    given = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    target = resolve(environment, options, given)
    job.location.update(environment=environment.name, region=target.region or environment.region)
    return target
