"""``local.logs``: the engine's own log, up to now or as it grows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.config.settings import option
from osem_tasks.engines import following, presence
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.tasks import chosen
from osem_tasks.tasks.chosen import OPTIONS
from osem_tasks.tasks.command import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.engines.base import EngineRecord
    from osem_tasks.tasks.job import Job

MAX_LINES = 999_999


@command(
    OPTIONS,
    texts={
        "lines": "How many lines (default 100).",
        "follow": "Also print the lines that come, until Ctrl-C or until the engine ends.",
    },
)
def logs(job: Job, lines: str = "100", follow: bool = False) -> Outcome:
    """Show the engine's own log.

    With --follow it goes on until the engine ends, or until Ctrl-C, with exit code 130 as for
    ``tail -f``: a command behind ``&&`` must not run then.

    Example: inv local.logs --lines 20 --follow
    """
    count = option("--lines", lines, _positive)
    if follow:
        _refuse_unfit(job)
    record = chosen.recorded(job, "local.logs")
    if follow:
        return _follow(job, record, count)
    text = list(presence.engine_of(record).logs(record.name, count))
    return Outcome(
        data={"name": record.name, "lines": text},
        lines=[Line(Mark.PLAIN, line) for line in text],
    )


def _refuse_unfit(job: Job) -> None:
    for name, why in (("json", "prints one document at the end"), ("quiet", "hides them")):
        if job.options[name]:
            raise ConfigurationError(
                [f"--follow prints lines as they come, and --{name} {why}"],
                remediation=f"Leave --{name} out, or --follow.",
            )


def _follow(job: Job, record: EngineRecord, count: int) -> Outcome:
    job.partial_outcome = lambda error: Outcome(error=_left(record, error))
    try:
        for line in _lines(record, count):
            if not job.console.line(line):
                return Outcome()
    except OSError as error:  # stdout is closed or full
        from osem_tasks.tasks.running import unwritten

        raise unwritten(error) from error
    job.console.info(f"Engine '{record.name}' has ended, and its log with it.")
    return Outcome()


def _lines(record: EngineRecord | None, count: int) -> Iterator[str]:
    while record:
        yield from presence.engine_of(record).follow(record, count)
        # The log of another engine is new from its first line on.
        record, count = following.successor(record), MAX_LINES


def _left(record: EngineRecord, error: OsemError | None) -> OsemError | None:
    """Return a calm report of Ctrl-C, which is how one ends this."""
    if error is None or error.code is not ErrorCode.INTERRUPTED:
        return error
    return OsemError(
        f"The log of engine '{record.name}' is no longer followed; the engine itself goes on.",
        code=ErrorCode.INTERRUPTED,
        remediation=engine_command("local.logs", record.name, "--follow"),
    )


def _positive(value: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,5}", value):
        msg = f"must be a whole number from 1 to {MAX_LINES}"
        raise ValueError(msg)
    return int(value)
