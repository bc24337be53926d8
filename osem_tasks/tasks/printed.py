"""A document that is the task's whole result, on stdout as it is: for a pipe or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.tasks.job import Job


def print_document(job: Job, text: str) -> None:
    """Print ``text``, with --quiet too: a redirected document must survive it; not with --json.

    Raises OsemError if stdout is closed or full.
    """
    if job.console.as_json:
        return
    try:
        for line in text.splitlines():
            if not job.console.line(line):
                return
    except OSError as error:
        from osem_tasks.tasks.running import unwritten

        raise unwritten(error) from error
