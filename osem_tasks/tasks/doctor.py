"""``local.doctor``: what would stop the main job, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.parser import Parser
from invoke.parser.context import ParserContext

from osem_tasks.config import commands, secrets
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.settings import Settings
from osem_tasks.engines import registry
from osem_tasks.errors import OsemError
from osem_tasks.output.doctor import doctor_outcome
from osem_tasks.tasks import libraries, up
from osem_tasks.tasks.command import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.output.outcome import Outcome
    from osem_tasks.tasks.job import Job

NAME = "local.doctor"
OPTIONS: dict[str, tuple[Any, str]] = {
    name: option for name, option in up.UP_OPTIONS.items() if name not in ("fresh", "timeout")
}


@command(OPTIONS)
def doctor(job: Job) -> Outcome:
    """Check what the main job needs, one line each with the command that mends it.

    The main job is local.up, db.setup and db.verify with the same options. Exit code 1 if it
    would stop. Nothing is changed.

    Example: inv local.doctor --json
    """
    # The checks are many modules, which a list of tasks does not need.
    from osem_tasks.doctor.examine import examine
    from osem_tasks.doctor.situation import Situation

    problem = _problem(job)
    situation = Situation(
        request=up.requested(job),
        settings=job.settings,
        variables=secrets.shell(),
        problem=problem,
        hidden=libraries.hiding(),
    )
    with job.console.working("looking at this machine"):
        findings = examine(situation)
    main_job = f"{commands.command('local.up')} db.setup db.verify"
    return doctor_outcome(findings, main_job)


def examine_if_asked(arguments: Sequence[str]) -> None:
    """Run ``local.doctor`` and exit, if the command line asks for it.

    For a configuration that Invoke cannot read: it would call no task at all. Raises Exit.
    """
    names = [word for word in arguments if word == NAME or word.endswith(f".{NAME}")]
    if not names:
        return
    words = arguments[arguments.index(names[0]) + 1 :]
    parser = Parser(contexts=[ParserContext(name=NAME, args=doctor.get_arguments())])
    try:
        (parsed,) = parser.parse_argv([NAME, *words])
    except (ParseError, ValueError) as error:
        raise Exit(str(error), code=1) from error
    doctor(Context(Config(lazy=True)), **parsed.as_kwargs)
    raise Exit(code=0)


def _problem(job: Job) -> OsemError | None:
    """Return why the configuration cannot be read; the job then has the defaults."""
    try:
        job.settings  # noqa: B018  read once, and kept
    except OsemError as error:
        job.settings = Settings.read(DEFAULTS, {}, engines=registry.choices())
        return error
    return None
