"""What ``osem`` says when it is called without a task: where it is, and what to type."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from osem_tasks.config import file
from osem_tasks.config.commands import Program, command, typed_in
from osem_tasks.config.project import current
from osem_tasks.engines import registry
from osem_tasks.errors import OsemError
from osem_tasks.output.console import Console
from osem_tasks.output.outcome import aligned
from osem_tasks.tasks.program import typed

if TYPE_CHECKING:
    from osem_tasks.config.settings import Settings

# Columns of a terminal that is not wide.
_WIDEST = 80
_HELP = "What is wrong here, and what mends it"


def greet(argv: list[str], version: str) -> None:
    """Print the commands that matter here, also where the configuration cannot be used.

    ``argv`` is what the program got. Raises OSError if stdout cannot be written.
    """
    console = Console()
    console.line(f"osem {version}: a local DynamoDB with your tables, and the same tables on AWS.")
    with typed_in(Program(typed(argv))):
        try:
            settings = file.settings(current(), registry.choices())
        except OsemError as error:
            console.error(error)
            rows = [(command("local.doctor"), _HELP)]
        else:
            console.line(_place(settings))
            rows = _in_project(settings) if settings.tables else _without_project()
        ends = (
            f"All tasks: {command('--list')}",
            f"The options of one, with an example: {command('help', 'db.setup')}",
        )
    for line in ("", *_laid_out(rows), "", *ends):
        console.line(line)


def _laid_out(rows: list[tuple[str, str]]) -> list[str]:
    """Return the commands with what they do beside them, or below them if that is too wide."""
    lines = [f"  {row}" for row in aligned(rows)]
    if max(map(len, lines)) <= _WIDEST:
        return lines
    return [line for typed_words, does in rows for line in (f"  {typed_words}", f"      {does}")]


def _place(settings: Settings) -> str:
    home = settings.sources.project.home
    if home is None:
        return "No project here or above: there is no invoke.yaml, and no [tool.osem]."
    shown = os.path.relpath(home, current())
    if not settings.tables:
        return f"{shown} declares no tables yet."
    return f"Tables: {settings.declared_in(current())}, by {shown}."


def _in_project(settings: Settings) -> list[tuple[str, str]]:
    """Return commands and what they do. None of them changes anything on AWS."""
    rows = [(_main_job(settings), "A local DynamoDB with these tables, checked")]
    known = settings.environments.values()
    there = next((one.name for one in known if one.where == "aws"), "")
    if there:
        rows.append((command("db.verify", "--env", there), "How those on AWS differ. Read-only"))
    return [*rows, (command("local.doctor"), _HELP)]


def _without_project() -> list[tuple[str, str]]:
    return [
        (command("init"), "The files of a project. Overwrites nothing"),
        (command("local.up", "db.setup", "db.verify"), "Then: a local DynamoDB with its tables"),
        (command("local.doctor"), _HELP),
    ]


def _main_job(settings: Settings) -> str:
    """Return the main job, which stays on this machine whatever OSEM_ENV names."""
    try:
        local = settings.environment(None, os.environ).where == "local"
    except OsemError:  # a name that no environment has
        local = False
    there = () if local else ("--env", "local")
    return command("local.up", "db.setup", *there, "db.verify", *there)
