"""Messages for differences and remedies. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema.difference import IssueType, display

if TYPE_CHECKING:
    from osem_tasks.config.target import Target
    from osem_tasks.plan.remedies import Remedy
    from osem_tasks.schema.difference import Fact


def message(fact: Fact) -> str:
    """Return one sentence for a difference."""
    if fact.issue_type is IssueType.TABLE_NOT_FOUND:
        return "the table does not exist" if fact.found is None else "the table exists here only"
    if fact.found is None:
        return f"{fact.path}: missing (expected {display(fact.expected)})"
    if fact.expected is None:
        return f"{fact.path}: not declared, found {display(fact.found)}"
    return f"{fact.path}: expected {display(fact.expected)}, found {display(fact.found)}"


def remedy_text(remedy: Remedy, target: Target) -> str:
    """Return the remedy for a difference on ``target``, with the command if there is one."""
    if not remedy.task:
        return remedy.words
    return remedy.words + target.command(remedy.task, *remedy.options)
