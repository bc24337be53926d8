"""The task ``schema``: the JSON Schema of what ``--json`` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from osem_tasks.config import commands
from osem_tasks.errors import ConfigurationError
from osem_tasks.output import schemas
from osem_tasks.output.outcome import Outcome
from osem_tasks.schema.quoting import closest, shown
from osem_tasks.tasks.command import command
from osem_tasks.tasks.options import OUTPUT_OPTIONS
from osem_tasks.tasks.printed import print_document

if TYPE_CHECKING:
    from osem_tasks.tasks.job import Job
    from osem_tasks.tasks.suite_task import SuiteTask


@command(
    OUTPUT_OPTIONS,
    texts={"task": "The task whose document it describes, such as db.verify; default: any."},
    choices={"task": schemas.names()},
)
def schema(job: Job, task: str | None = None) -> Outcome:
    """Print the JSON Schema of what --json prints.

    It is complete: a validator needs no other file.

    Example: osem schema --task db.verify
    """
    found = schemas.schema(None if task is None else _checked(task))
    print_document(job, json.dumps(found, indent=2))
    return Outcome(data={"schema": found})


def _checked(task: str) -> str:
    """Return the value of ``command`` in a task's document. Raises ConfigurationError."""
    name = task.rpartition(".")[2]
    if name not in schemas.names():
        raise ConfigurationError(
            [f"--task: no document is called {shown(task)}{closest(name, schemas.names())}"],
            remediation=commands.command("schema", "--task", "verify"),
        )
    return name


# It belongs to no group: `osem schema`.
cast("SuiteTask", schema).osem_name = "schema"
