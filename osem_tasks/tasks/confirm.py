"""Ask for confirmation before anything is removed on AWS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from osem_tasks.config import guards
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.quoting import shown as quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.config.target import Target
    from osem_tasks.output.outcome import Line
    from osem_tasks.tasks.job import Job

_NOTHING = "nothing was deleted or changed"


def confirm(
    job: Job,
    target: Target,
    what: str,
    shown: Sequence[Line],
    *,
    yes: bool,
    option: str = "--yes",
) -> None:
    """Ask the user to type the environment's name.

    ``what`` completes "This would ...", ``option`` is that of ``yes``. Local engines need no confirmation. Raises OsemError
    (CONFIRMATION_REQUIRED) if there is no terminal or the answer is wrong, and (INTERRUPTED) at
    Ctrl-C.
    """
    if target.local or yes:
        return
    name = target.environment.name
    refusal = guards.confirmation_required(target, what, option)
    if not can_ask(job):
        for line in shown:
            job.console.warn(line.text)
        raise refusal
    listed = "".join(f"  {line.text}\n" for line in shown)
    question = f"{listed}This will {what} of '{name}'.\nType the environment's name to continue: "
    try:
        answer = job.console.ask(question)
    except KeyboardInterrupt:
        raise OsemError(
            f"Interrupted: {_NOTHING}.",
            code=ErrorCode.INTERRUPTED,
            remediation=f"Run the same command again, and type {name}.",
        ) from None
    if answer != name:
        typed = f"{quoted(answer)} was typed" if answer else "Nothing was typed"
        raise OsemError(
            f"{refusal.message} {typed}, the environment's name '{name}' was asked for: "
            f"{_NOTHING}.",
            code=refusal.code,
            remediation=f"Run the same command again, and type {name}; or confirm with {option}.",
        )


def can_ask(job: Job) -> bool:
    """Return whether there is a terminal on which a user can be asked."""
    # A stream that the shell has closed is None.
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return terminal and not job.console.as_json
