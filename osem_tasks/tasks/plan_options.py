"""The options ``--plan-out`` and ``--plan``: what they mean together, and the file that is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks import __version__
from osem_tasks.config.commands import command as command_line
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.plan.saved import Document
    from osem_tasks.tasks.job import Job
    from osem_tasks.tasks.plan_file import PlanFile

# The option of db.setup that decides about its steps.
REPAIR = "--repair"
SETUP, REPAIRING = "db.setup", "db.repair"
PLAN_OUT = "Write the plan to this file and change nothing; apply it with --plan FILE."
PLAN = "Apply exactly the plan in this file, or refuse if anything has changed since."
_TARGET_OPTIONS = ("env", "region", "endpoint", "profile")


def opened(
    job: Job, task: str, given: Sequence[str], *, plan: str | None, plan_out: str | None
) -> PlanFile:
    """Return the file of the options ``--plan`` and ``--plan-out``, read and checked.

    Raises OsemError before any request: for a file that is no plan of this task, and for a plan
    of another environment.
    """
    if plan and plan_out:
        raise ConfigurationError(
            ["--plan applies a plan, --plan-out writes one: give one of them"],
            remediation=command_line(task, *_typed(job), "--plan", plan),
        )
    if plan:
        return _saved(job, task, given, plan)
    from osem_tasks.tasks.plan_file import PlanFile

    return PlanFile(job, task, tuple(given), plan_out or "", out=bool(plan_out))


def _saved(job: Job, task: str, given: Sequence[str], path: str) -> PlanFile:
    from osem_tasks.tasks.plan_file import PlanFile

    document = _read(job, task, path)
    if document["task"] != task:
        raise OsemError(
            f"{path} holds a plan of {document['task']}, not of {task}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=command_line(document["task"], *_typed(job), "--plan", path),
        )
    options = document["options"]
    extra = [option for option in given if option not in options]
    planned = PlanFile(job, task, tuple(options), path, saved=document)
    environment = job.settings.environment(job.options["env"], os.environ).name
    theirs = document["target"]["environment"]
    if environment != theirs:
        raise OsemError(
            f"The plan in {path} is for environment '{theirs}'; the task is for '{environment}'.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=command_line(task, *_typed(job, env=theirs), "--plan", path),
        )
    if extra:
        tables = [table["tableName"] for table in document["tables"] if document["narrowed"]]
        narrow = [word for name in tables for word in ("--table", name)]
        raise OsemError(
            f"The plan in {path} was written without {' '.join(extra)}; nothing was changed.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=(
                f"{command_line(task, *_typed(job), *narrow, *options, *extra, '--plan-out', path)}"
                f"   writes a plan with {'it' if len(extra) == 1 else 'them'}"
            ),
        )
    return planned


def _read(job: Job, task: str, path: str) -> Document:
    """Return the document in a file. Raises OsemError (INVALID_CONFIGURATION) for any other."""
    from osem_tasks.declarations import parsing
    from osem_tasks.plan.actions import OPTIONS
    from osem_tasks.plan.saved_shape import checked

    # The tasks that write and apply plans, with the options that decide about the steps.
    tasks = {SETUP: (REPAIR,), REPAIRING: OPTIONS}
    try:
        [content] = parsing.parse(parsing.read_text(Path(path)), json_only=True)
        return checked(content, __version__, tasks)
    except ValueError as error:
        raise OsemError(
            f"{path} cannot be applied: {error}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            # Not to this file: it may be something else that is needed.
            remediation=(
                f"{command_line(task, *_typed(job), '--plan-out', 'FILE')}   writes a plan"
            ),
        ) from error


def _typed(job: Job, **others: str) -> list[str]:
    """Return the options that name the target as they were given, or as ``others`` have them."""
    given = {name: others.get(name) or job.options[name] for name in _TARGET_OPTIONS}
    return [word for name, value in given.items() if value for word in (f"--{name}", value)]
