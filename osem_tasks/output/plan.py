"""Show plans as lines and JSON, aligned and in a stable order. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from osem_tasks.output.new_table import new_table_lines
from osem_tasks.output.outcome import Line, Mark, Outcome, aligned, counted
from osem_tasks.plan.actions import Effect, Risk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osem_tasks.apply.run import Journal
    from osem_tasks.errors import OsemError
    from osem_tasks.plan.actions import Action, Plan

_MARKS = {Effect.ADDS: Mark.ADDED, Effect.REMOVES: Mark.REMOVED, Effect.CHANGES: Mark.CHANGED}


def mark_of(action: Action) -> Mark:
    """Return the mark of an action: added, removed, changed or refused."""
    return _MARKS[action.kind.effect] if action.possible else Mark.REFUSED


def _cost(action: Action, given: Sequence[str]) -> str:
    """Return the risk of an action, and the missing options that allow it."""
    missing = action.missing(given)
    needs = f"needs {' '.join(missing)}" if missing else ""
    return ", ".join(filter(None, (action.risk.value, needs)))


def plan_lines(actions: Sequence[Action], given: Sequence[str]) -> list[Line]:
    """Return the actions with their risks by table, followed by the reasons.

    A table to create is shown with everything that it will have.
    """
    rows = [(action.kind.words, action.target, _cost(action, given)) for action in actions]
    lines: list[Line] = []
    table = ""
    for action, text in zip(actions, aligned(rows), strict=True):
        if action.table != table:
            table = action.table
            lines.append(Line(Mark.PLAIN, table))
        lines.append(Line(mark_of(action), text))
        lines += [Line(Mark.PLAIN, text) for text in new_table_lines(action.creates)]
        if action.risk is not Risk.SAFE:
            lines.append(Line(Mark.DETAIL, f"    {action.reason}"))
    return lines


def plan_outcome(plan: Plan, tables: int, error: OsemError | None = None) -> Outcome:
    """Return the outcome of ``--dry-run``: the actions in the order of execution."""
    text = f"{counted(len(plan.runnable), 'step')} would run"
    if plan.held_back:
        text += f", {len(plan.held_back)} more with {' '.join(plan.missing_options)}"
    if plan.impossible:
        text += f", {len(plan.impossible)} impossible in place"
    if not plan.actions:
        found = "the table is" if tables == 1 else f"all {counted(tables, 'table')} are"
        text = f"nothing to do: {found} as declared"
        if error:
            text = "nothing to create; the differences need db.repair"
    return Outcome(
        data={"actions": [action.as_json() for action in plan.actions]},
        lines=plan_lines(plan.actions, plan.given),
        summary=Line(Mark.INFO, f"{text}; nothing was changed" if plan.actions else text),
        error=error,
    )


def with_remedies(outcome: Outcome, remedies: Mapping[str, str]) -> Outcome:
    """Return the outcome of a plan with how to go on where no step can, by the table's name."""
    actions = [
        {**action, "remediation": remedies[action["tableName"]]}
        if action["risk"] == Risk.IMPOSSIBLE.value and action["tableName"] in remedies
        else action
        for action in outcome.data["actions"]
    ]
    lines = [Line(Mark.INFO, text) for text in remedies.values()]
    return replace(
        outcome, data={**outcome.data, "actions": actions}, lines=[*outcome.lines, *lines]
    )


def done_line(action: Action) -> Line:
    """Return the line of an action that is done."""
    return Line(Mark.DONE, str(action))


def applied_outcome(
    plan: Plan, journal: Journal, error: OsemError | None, seconds: float
) -> Outcome:
    """Return the outcome of ``db.repair``: planned and completed actions, and failures."""
    done = journal.completed
    left = [action for action in plan.actions if action not in done]
    lines = [done_line(action) for action in done]
    lines += plan_lines(left, plan.given)
    return Outcome(
        data={
            "actions": [action.as_json() for action in plan.actions],
            "applied": [action.as_json() for action in done],
            "tablesFailed": [
                {"tableName": name, **(entry.error.as_json() if entry.error else {})}
                for name, entry in journal.failed.items()
            ],
        },
        lines=lines,
        summary=Line(
            Mark.FAILED if error else Mark.DONE,
            f"{len(done)} of {counted(len(plan.actions), 'step')} done ({seconds:.2f} s)"
            if plan.actions
            else "nothing to do: every table is as declared",
        ),
        error=error,
        changed=journal.changed,
    )
