"""``--plan-out FILE`` and ``--plan FILE``: write a plan, and apply exactly that plan.

A task plans again from the live tables in any case. With ``--plan`` it goes on only if nothing
has changed: then its own steps are those of the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks import __version__
from osem_tasks.config import secrets
from osem_tasks.config.commands import command as command_line
from osem_tasks.declarations import parsing
from osem_tasks.declarations.export.json_text import json_text
from osem_tasks.declarations.limits import MAX_BYTES
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark
from osem_tasks.plan.saved import Origin, document_of, sealed
from osem_tasks.plan.saved_shape import checked
from osem_tasks.plan.stale import changes, target_changes
from osem_tasks.tasks import files
from osem_tasks.tasks.narrow import narrowed, only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.output.outcome import Outcome
    from osem_tasks.plan.actions import Plan
    from osem_tasks.plan.saved import Document
    from osem_tasks.schema.difference import Comparison
    from osem_tasks.tasks.job import Job

TASKS = ("db.setup", "db.repair")
PLAN_OUT = "Write the plan to this file and change nothing; apply it with --plan FILE."
PLAN = "Apply exactly the plan in this file, or refuse if anything has changed since."
_TARGET_OPTIONS = ("env", "region", "endpoint", "profile")
# The most changes that a message names; the JSON document has all.
_NAMED = 5
# Parts of the target whose mismatch has a code of its own.
_CODES = {
    "account": ErrorCode.AWS_ACCOUNT_MISMATCH,
    "region": ErrorCode.AWS_REGION_MISMATCH,
}


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The file of one task's plan: one to write (``out``), or one to apply (``saved``).

    ``given`` are the options that decide about the steps: those of the command line, and with a
    plan to apply those of the plan as well.
    """

    job: Job
    task: str
    given: tuple[str, ...]
    path: str = ""
    out: bool = False
    saved: Document | None = None

    def narrowed(self, run: Run, names: Sequence[str] | None) -> Run:
        """Return the run for the tables of ``--table``, or else for those of the plan to apply.

        Raises OsemError if the target is another one than the plan's, or the tables are.
        """
        if self.saved is None:
            return narrowed(run, names)
        self._refuse_other_target(run, self.saved["target"]["engine"])
        planned = [table["tableName"] for table in self.saved["tables"]]
        wanted = only(run.target, run.tables, names).names if names else planned
        gone = [name for name in planned if name not in run.tables.names]
        mine = narrowed(run, planned if self.saved["narrowed"] and not gone else None)
        found = [f"{name} is not declared any more" for name in gone]
        if sorted(wanted) != sorted(planned):
            found.append(
                f"--table names {', '.join(wanted)}, and the plan is for {', '.join(planned)}"
            )
        self._refuse(mine, found)
        return mine

    def refuse_without_engine(self) -> None:
        """Raise ConfigurationError for a plan file where a dry ``local.up`` started no engine."""
        if self.path:
            raise ConfigurationError(
                ["a plan is of live tables, and with --dry local.up has started no engine"],
                remediation=command_line("local.up"),
            )

    def check(self, run: Run, comparison: Comparison, plan: Plan) -> None:
        """Raise OsemError if the plan to apply is not the plan of now, step by step."""
        if self.saved is not None:
            self._refuse_other_target(run, comparison.engine.name)
            self._refuse(run, changes(self.saved, self._document(run, comparison, plan)))

    def written(self, run: Run, comparison: Comparison, plan: Plan, outcome: Outcome) -> Outcome:
        """Write the plan if a file was asked for, and return the outcome that says so.

        Raises OsemError (INVALID_CONFIGURATION) for a file that cannot be written.
        """
        if not self.out:
            return outcome
        text = json_text(self._document(run, comparison, plan))
        try:
            _check_readable(text)
        except ValueError as error:
            raise OsemError(
                f"The plan was not written to {self.path}, because it could not be read again: "
                f"{error}.",
                code=ErrorCode.INVALID_CONFIGURATION,
                remediation=f"{self._writing(run)} --table NAME   writes one for some tables",
            ) from error
        line = f"the plan would be written to {self.path}"
        if not self.job.dry:
            files.write(self.path, text)
            apply = run.target.command(self.task, "--plan", self.path)
            line = f"the plan is in {self.path}; to apply exactly it: {apply}"
        return replace(
            outcome,
            data={**outcome.data, "planFile": None if self.job.dry else self.path},
            lines=[*outcome.lines, Line(Mark.INFO, line)],
        )

    def _document(self, run: Run, comparison: Comparison, plan: Plan) -> Document:
        origin = Origin(
            task=self.task,
            version=__version__,
            written=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            target=self._target(run, comparison.engine.name),
            options=self.given,
            narrowed=bool(run.target.only),
        )
        return sealed(secrets.redact_all(document_of(origin, comparison, plan)))

    def _target(self, run: Run, engine: str | None) -> dict[str, str | None]:
        target: dict[str, str | None] = secrets.redact_all(
            {
                "environment": run.target.environment.name,
                "account": self.job.account,
                "region": self.job.location["region"],
                "endpoint": self.job.location["endpoint"],
                "tables": run.target.naming.pattern,
                "engine": engine,
            }
        )
        return target

    def _refuse_other_target(self, run: Run, engine: str | None) -> None:
        """Raise OsemError if the task acts elsewhere than the plan does."""
        if self.saved is None:
            return
        found = target_changes(self.saved["target"], self._target(run, engine))
        if not found:
            return
        code = next((_CODES[part] for part in found if part in _CODES), None)
        raise self._stale(
            [*found.values()],
            f"{self._there(found)}{self._writing(run)}   writes a plan for this target",
            code or ErrorCode.INVALID_CONFIGURATION,
        )

    def _there(self, found: Mapping[str, str]) -> str:
        """Return how to act where the plan does, if options can say it."""
        if self.saved is None or found.keys() & {"tables", "engine"}:
            return ""
        if "account" in found:
            return "Choose the profile of that account: --profile NAME or AWS_PROFILE. Or: "
        target = self.saved["target"]
        words = [
            word
            for part in ("region", "endpoint")
            if part in found and target[part] is not None
            for word in (f"--{part}", target[part])
        ]
        if "endpoint" in found and target["endpoint"] is None:
            return ""
        there = command_line(self.task, "--env", target["environment"], *words, "--plan", self.path)
        return f"{there}   applies it there; "

    def _refuse(self, run: Run, found: Sequence[str]) -> None:
        """Raise OsemError (SCHEMA_VALIDATION_FAILED) if anything has changed."""
        if found:
            raise self._stale(
                found,
                f"{self._writing(run)}   writes a new plan",
                ErrorCode.SCHEMA_VALIDATION_FAILED,
            )

    def _stale(self, found: Sequence[str], remedy: str, code: ErrorCode) -> OsemError:
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        return OsemError(
            f"The plan in {self.path} was not applied, and nothing was changed: "
            f"{'; '.join(found[:_NAMED])}{more}.",
            code=code,
            remediation=remedy,
            details={"changes": [*found]},
        )

    def _writing(self, run: Run) -> str:
        """Return the command that writes such a plan for the tables as they are."""
        return run.target.command(self.task, *self.given, "--plan-out", self.path)


def opened(
    job: Job, task: str, given: Sequence[str], *, plan: str | None, plan_out: str | None
) -> PlanFile:
    """Return the file of the options ``--plan`` and ``--plan-out``, read and checked.

    Raises OsemError before any request: for a file that is no plan of this task, and for a plan
    of another environment.
    """
    if plan and plan_out:
        raise ConfigurationError(
            ["--plan applies a plan, and --plan-out writes one: give one of them"],
            remediation=command_line(task, *_typed(job), "--plan", plan),
        )
    if plan:
        return _saved(job, task, given, plan)
    return PlanFile(job, task, tuple(given), plan_out or "", out=bool(plan_out))


def _saved(job: Job, task: str, given: Sequence[str], path: str) -> PlanFile:
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
        raise OsemError(
            f"The plan in {path} was written without {' '.join(extra)}; nothing was changed.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=(
                f"{command_line(task, *_typed(job), *options, *extra, '--plan-out', path)}   "
                f"writes a plan with {'it' if len(extra) == 1 else 'them'}"
            ),
        )
    return planned


def _read(job: Job, task: str, path: str) -> Document:
    """Return the document in a file. Raises OsemError (INVALID_CONFIGURATION) for any other."""
    try:
        [content] = parsing.parse(parsing.read_text(Path(path)), json_only=True)
        return checked(content, __version__, TASKS)
    except ValueError as error:
        raise OsemError(
            f"{path} cannot be applied: {error}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            # Not to this file: it may be something else that is needed.
            remediation=(
                f"{command_line(task, *_typed(job), '--plan-out', 'FILE')}   writes a plan"
            ),
        ) from error


def _check_readable(text: str) -> None:
    """Raise ValueError for a document that a file may not hold."""
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    parsing.parse(text, json_only=True)


def _typed(job: Job, **others: str) -> list[str]:
    """Return the options that name the target as they were given, or as ``others`` have them."""
    given = {name: others.get(name) or job.options[name] for name in _TARGET_OPTIONS}
    return [word for name, value in given.items() if value for word in (f"--{name}", value)]
