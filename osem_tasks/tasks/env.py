"""``local.env``: what leads other programs to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import local_access, secrets, shells
from osem_tasks.config.settings import option
from osem_tasks.config.values import one_of
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import chosen
from osem_tasks.tasks.chosen import OPTIONS
from osem_tasks.tasks.command import command

if TYPE_CHECKING:
    from osem_tasks.tasks.job import Job


@command(
    OPTIONS,
    texts={
        "endpoint": "Endpoint of a DynamoDB that runs already; default: the engine's.",
        "shell": f"Form of the lines: {', '.join(shells.names())} (default {shells.DEFAULT}).",
    },
    choices={"shell": shells.names()},
)
def env(job: Job, endpoint: str | None = None, shell: str = shells.DEFAULT) -> Outcome:
    """Print export lines, so that the AWS CLI and an application find the engine.

    fish: inv local.env --shell fish | source. PowerShell: inv local.env --shell powershell |
    Invoke-Expression. A dotenv file serves Docker's --env-file as well: it has no quotes, which
    Docker would take for a part of the value.

    Example: eval "$(inv local.env)"
    """
    form = option("--shell", shell.lower(), one_of(shells.names()))
    found = chosen.given_endpoint(job, endpoint) if endpoint else chosen.own_endpoint(job)
    variables = local_access.variables(found)
    around = secrets.shell()
    if local_access.is_proxied(around):
        variables |= local_access.without_proxy(found, around)
    return Outcome(
        data={"variables": variables},
        lines=[Line(Mark.PLAIN, line) for line in shells.lines(form, variables)],
    )
