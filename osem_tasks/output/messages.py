"""Messages for differences. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema.difference import IssueType, display

if TYPE_CHECKING:
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
