"""Plans as lines and JSON: like a good diff, aligned, stable in order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.report import Line, Mark, Outcome, aligned, counted
from osem_tasks.schema.plan import Kind, Risk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.errors import OsemError
    from osem_tasks.journal import Journal
    from osem_tasks.schema.plan import Action

_REMOVING = (Kind.DELETE_INDEX, Kind.DISABLE_STREAM, Kind.DISABLE_TTL, Kind.DISABLE_PITR)
_ADDING = (
    Kind.CREATE_TABLE,
    Kind.CREATE_INDEX,
    Kind.ENABLE_STREAM,
    Kind.ENABLE_TTL,
    Kind.ENABLE_PITR,
)


def mark_of(action: Action) -> Mark:
    """Added, removed, changed, or not to be had."""
    if not action.possible:
        return Mark.REFUSED
    if action.kind in _ADDING:
        return Mark.ADDED
    return Mark.REMOVED if action.kind in _REMOVING else Mark.CHANGED


def needs(action: Action, given: Sequence[str]) -> str:
    """The options that are missing for ``action``, as ``needs --prune``."""
    missing = [each for each in action.requires if each not in given]
    return f"needs {' '.join(missing)}" if missing else ""


def _cost(action: Action, given: Sequence[str]) -> str:
    """The risk, and the option that is missing to take it."""
    return ", ".join(filter(None, (action.risk.value, needs(action, given))))


def plan_lines(actions: Sequence[Action], given: Sequence[str]) -> list[Line]:
    """The steps under the name of their table, each with its risk; the reasons below."""
    rows = [(each.kind.words, each.target, _cost(each, given)) for each in actions]
    lines: list[Line] = []
    table = ""
    for action, text in zip(actions, aligned(rows), strict=True):
        if action.table != table:
            table = action.table
            lines.append(Line(Mark.PLAIN, table))
        lines.append(Line(mark_of(action), text))
        if action.risk is not Risk.SAFE:
            lines.append(Line(Mark.DETAIL, f"    {action.reason}"))
    return lines


def plan_outcome(
    actions: Sequence[Action],
    tables: int,
    given: Sequence[str] = (),
    error: OsemError | None = None,
) -> Outcome:
    """What ``--dry-run`` shows: the steps in the order in which they would run."""
    runnable = [each for each in actions if each.possible and not needs(each, given)]
    withheld = [each for each in actions if each.possible and needs(each, given)]
    impossible = [each for each in actions if not each.possible]
    text = f"{counted(len(runnable), 'step')} would run"
    if withheld:
        options = sorted({option for each in withheld for option in each.requires} - {*given})
        text += f", {len(withheld)} more with {' '.join(options)}"
    if impossible:
        text += f", {len(impossible)} impossible in place"
    if not actions:
        text = f"nothing to do: all {counted(tables, 'table')} are as declared"
        if error:
            text = "nothing would run: what differs is not setup's to change"
    return Outcome(
        data={"actions": [each.as_json() for each in actions]},
        lines=plan_lines(actions, given),
        summary=Line(Mark.INFO, f"{text}; nothing was changed" if actions else text),
        error=error,
    )


def applied_outcome(
    actions: Sequence[Action],
    journal: Journal,
    error: OsemError | None,
    seconds: float,
    given: Sequence[str] = (),
) -> Outcome:
    """The account of ``db.repair``: what was planned, what was done, what went wrong."""
    done = journal.completed
    open_ = [each for each in actions if each not in done]
    lines = [Line(Mark.DONE, f"{each.table}: {each.kind.words} {each.target}") for each in done]
    lines += plan_lines(open_, given)
    return Outcome(
        data={
            "actions": [each.as_json() for each in actions],
            "applied": [each.as_json() for each in done],
            "tablesFailed": [
                {"tableName": name, **(entry.error.as_json() if entry.error else {})}
                for name, entry in journal.failed.items()
            ],
        },
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{len(done)} of {counted(len(actions), 'step')} done ({seconds:.2f} s)"
            if actions
            else "nothing to do: every table is as declared",
        ),
        error=error,
        changed=bool(done),
    )
