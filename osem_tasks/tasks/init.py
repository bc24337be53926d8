"""The task ``init``: the files of a new project."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from osem_tasks.config import commands, project
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted
from osem_tasks.scaffold import texts
from osem_tasks.scaffold.drafts import Draft, State
from osem_tasks.scaffold.section import NOTHING
from osem_tasks.tasks import files, origins
from osem_tasks.tasks.command import command
from osem_tasks.tasks.options import DRY_RUN, TARGET_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from osem_tasks.tasks.job import Job
    from osem_tasks.tasks.suite_task import SuiteTask


@command(
    TARGET_OPTIONS,
    texts={
        "template": "What declares the tables: a template, another file, or package.module:NAME.",
        "from_table": "A live table to declare, by its full name. Repeatable.",
        "example": "Write an example declaration, even where a template is found.",
        "pyproject": "Append the settings to pyproject.toml, as [tool.osem].",
        "dry_run": DRY_RUN,
    },
    repeatable=["from_table"],
)
def init(
    job: Job,
    *,
    template: str | None = None,
    from_table: Sequence[str] | None = None,
    example: bool = False,
    pyproject: bool = False,
    dry_run: bool = False,
) -> Outcome:
    """Write a new project's configuration, tasks, first test and CI. Overwrites nothing.

    Example: osem init --template template.yaml
    """
    folder = project.current()
    asked = origins.Asked(template, tuple(from_table or ()), example=example, toml=pyproject)
    origin = origins.find(job, folder, asked)
    work = _Work(folder, origin, _judged(origin.drafts), dry=job.dry or dry_run)
    job.partial_outcome = work.outcome
    if origin.unreachable and work.is_new(texts.REQUIREMENTS):
        job.console.warn(
            f"{texts.REQUIREMENTS} names the folder from which this osem was installed: for CI, "
            "name a repository or an index there"
        )
    if not work.dry:
        work.write()
    return work.outcome(None, quiet=bool(job.options["quiet"]))


def _judged(drafts: Sequence[Draft]) -> list[tuple[Draft, State]]:
    """Return what is there of every draft. Raises OsemError with all that is in the way."""
    judged: list[tuple[Draft, State]] = []
    problems: list[str] = []
    for draft in drafts:
        try:
            judged.append((draft, draft.state()))
        except ValueError as error:
            problems.append(str(error))
    problems += [
        f"{draft.path} is there already, with another content"
        for draft, state in judged
        if state is State.KEPT and draft.required
    ]
    if problems:
        raise OsemError(
            f"{NOTHING} In the way: {'; '.join(dict.fromkeys(problems))}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=(
                f"Move it away, then type the same command again; if it declares tables: "
                f"{commands.command('init', '--template', 'FILE')}"
            ),
            details={"problems": problems},
        )
    return judged


@dataclass(slots=True)
class _Work:
    """The files of one run, and which of them are written so far."""

    folder: Path
    origin: origins.Origin
    judged: list[tuple[Draft, State]]
    dry: bool
    written: list[str] = field(default_factory=list)
    added: bool = False

    def is_new(self, name: str) -> bool:
        """Return whether this run writes the file of that name."""
        return any(draft.name == name and state is State.NEW for draft, state in self.judged)

    def write(self) -> None:
        """Write what is new; the configuration comes last. Raises OsemError."""
        for draft, state in self.judged:
            if state is State.NEW:
                self._create(draft)
        if self.origin.addition:
            files.write(str(self.origin.addition.path), self.origin.addition.text)
            self.added = True

    def _create(self, draft: Draft) -> None:
        try:
            draft.create()
        except OSError as error:
            raise OsemError(
                f"{draft.path} cannot be written: {error.strerror}.",
                code=ErrorCode.INVALID_CONFIGURATION,
                remediation=(
                    "Make room, or make the folder writable; then type the same command again: "
                    "what is written already stays."
                ),
            ) from error
        self.written.append(self._named(draft.path))

    def outcome(self, error: OsemError | None, *, quiet: bool = False) -> Outcome:
        """Return what was written, what was kept, and what to type next."""
        new = [self._named(draft.path) for draft, state in self.judged if state is State.NEW]
        done = new if self.dry else self.written
        addition = self.origin.addition
        if addition and (self.dry or self.added):
            done = [*done, self._named(addition.path)]
        count = f"{counted(len(done), 'file')} {'would be ' * self.dry}written"
        mark = Mark.FAILED if error else Mark.INFO if self.dry else Mark.DONE
        summary = Line(mark, f"{count}{'; nothing was changed' * self.dry}{self._kept_text()}")
        steps = [] if error or self.dry else self._next()
        lines = [*self._rows(done), *self._by_hand()]
        if not quiet and not error:
            lines += [summary, *steps]
        return Outcome(
            data={
                "tables": self.origin.source,
                "written": [] if self.dry else done,
                "planned": done if self.dry else [],
                "kept": [self._named(_there(draft)) for draft in self._kept()],
                "next": [line.text.strip() for line in steps[1:]],
            },
            lines=lines,
            summary=summary if quiet or error else None,
            error=error,
            changed=bool(self.written) or self.added,
        )

    def _named(self, path: Path) -> str:
        return os.path.relpath(path, self.folder)

    def _kept(self) -> list[Draft]:
        return [draft for draft, state in self.judged if state is State.KEPT]

    def _kept_text(self) -> str:
        kept = len(self._kept())
        same = sum(state is State.SAME for _, state in self.judged)
        return (f", {kept} kept" if kept else "") + (f", {same} there already" if same else "")

    def _rows(self, done: Sequence[str]) -> list[Line]:
        cells = []
        for draft, state in self.judged:
            name = self._named(draft.path)
            if state is State.SAME:
                cells.append((Mark.DONE, (name, "there already", draft.about)))
            elif state is State.NEW and name in done:
                word = "would be written" if self.dry else "written"
                cells.append((Mark.DONE, (name, word, draft.about)))
            elif state is State.NEW:
                cells.append((Mark.FAILED, (name, "not written", draft.about)))
        addition = self.origin.addition
        if addition:
            name = self._named(addition.path)
            word = "would be added" if self.dry else "added" if name in done else "not added"
            cells.append((Mark.DONE if name in done else Mark.FAILED, (name, word, "[tool.osem]")))
        rows = aligned([row for _, row in cells])
        return [Line(mark, row) for (mark, _), row in zip(cells, rows, strict=True)]

    def _by_hand(self) -> list[Line]:
        """Return the files that stay as they are, with the lines to add to them."""
        lines = []
        for draft in self._kept():
            name = self._named(_there(draft))
            if draft.is_used():
                lines.append(Line(Mark.INFO, f"{name} was there and stays; it names {draft.mark}"))
                continue
            add = "; add to it by hand:" if draft.by_hand else ""
            lines.append(Line(Mark.WARNING, f"{name} was there and stays{add}"))
            lines += [Line(Mark.PLAIN, f"    {text}") for text in draft.by_hand.split("\n") if add]
        return lines

    def _next(self) -> list[Line]:
        """Return the commands to type next, after a heading."""
        typed = [
            commands.command("local.up", "db.setup", "db.verify"),
            commands.pytest_command(texts.TESTS),
            "nox",
        ]
        missing = [name for name in ("pytest", "nox") if importlib.util.find_spec(name) is None]
        if missing:
            typed.insert(0, f"pip install -r {texts.REQUIREMENTS}")
        by_hand = any(draft.by_hand and not draft.is_used() for draft in self._kept())
        heading = "Next, when the lines above are added:" if by_hand else "Next:"
        return [Line(Mark.PLAIN, heading), *(Line(Mark.PLAIN, f"  {text}") for text in typed)]


def _there(draft: Draft) -> Path:
    return draft.existing() or draft.path


# It belongs to no group: `osem init`.
cast("SuiteTask", init).osem_name = "init"
