"""A difference in words: what is wrong, and the next command. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.schema.diff import IssueType, shown

if TYPE_CHECKING:
    from osem_tasks.schema.diff import Fact

IN_PLACE = (
    IssueType.WRONG_BILLING_MODE,
    IssueType.WRONG_TAGS,
    IssueType.WRONG_TTL,
    IssueType.WRONG_STREAM,
    IssueType.WRONG_DELETION_PROTECTION,
    IssueType.WRONG_PITR,
    IssueType.WRONG_ENCRYPTION,
    IssueType.WRONG_TABLE_CLASS,
)


def message(issue: Fact) -> str:
    """One sentence for a difference."""
    if issue.issue is IssueType.TABLE_NOT_FOUND:
        return "the table does not exist" if issue.found is None else "the table exists here only"
    if issue.found is None:
        return f"{issue.path}: expected {shown(issue.expected)}, it is missing"
    if issue.expected is None:
        return f"{issue.path}: not declared, found {shown(issue.found)}"
    return f"{issue.path}: expected {shown(issue.expected)}, found {shown(issue.found)}"


def remediation(issue: Fact, environment: str, *, protected: bool = False) -> str:
    """The next command for a difference."""
    if issue.issue is IssueType.TABLE_NOT_FOUND:
        return f"inv db.{'setup' if issue.found is None else 'list'} --env {environment}"
    if issue.issue in (IssueType.TABLE_NOT_ACTIVE, IssueType.GSI_NOT_ACTIVE):
        return f"wait until the change has ended, then: inv db.verify --env {environment}"
    if issue.issue in IN_PLACE or issue.path.startswith("index["):
        return f"inv db.repair --env {environment}{_options(issue)}"
    if protected:
        return "cannot be changed in place: the data has to move to a new table"
    return f"cannot be changed in place; where the data may go: inv db.reset --env {environment}"


def _options(issue: Fact) -> str:
    """The option without which ``db.repair`` leaves the difference alone."""
    removes = issue.issue in (IssueType.EXTRA_GSI, IssueType.WRONG_STREAM)
    if (removes and issue.found is not None) or (
        issue.issue is IssueType.WRONG_PITR and issue.expected is False
    ):
        return " --prune"
    if issue.path.startswith("index[") and issue.issue in (
        IssueType.WRONG_GSI_KEYS,
        IssueType.WRONG_GSI_PROJECTION,
        IssueType.WRONG_KEY_TYPE,
    ):
        return " --replace-indexes"
    return ""
