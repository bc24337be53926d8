"""``--plan-out FILE`` and ``--plan FILE``: write a plan, and apply exactly that plan.

A task plans again from the live tables in any case. With ``--plan`` it goes on only if nothing
has changed: then its own steps are those of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
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
        planned = [table["tableName"] for table in self.saved["tables"]]
        wanted = only(run.target, run.tables, names).names if names else planned
        gone = [name for name in planned if name not in run.tables.names]
        mine = narrowed(run, planned if self.saved["narrowed"] and not gone else None)
        # The engine shows when it answers about a table.
        self._refuse_other_target(mine, self.saved["target"]["engine"])
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
        target = self.saved["target"]
        if "account" in found and target["account"] is not None:
            return "Choose the profile of that account: --profile NAME or AWS_PROFILE. Or: "
        # On AWS no option undoes what leads the SDK elsewhere.
        if "endpoint" in found and target["account"] is not None:
            return ""
        parts = [part for part in ("region", "endpoint") if part in found]
        words = [word for part in parts for word in (f"--{part}", str(target[part]))]
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


def _check_readable(text: str) -> None:
    """Raise ValueError for a document that a file may not hold."""
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    parsing.parse(text, json_only=True)
