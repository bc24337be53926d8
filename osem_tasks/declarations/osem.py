"""OSEM Ladders' six tables and eight indexes, as in the data sheet.

They use on-demand billing and the AWS-owned key, and every index projects ALL. The environment
adds prefix, tags and protection (``TableSet.for_environment``). ``isActive`` of ConfigVersions
is the number 0 or 1, because a boolean cannot be a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.declarations.osem_notes import NOTES
from osem_tasks.schema.model import Encryption, TableSet, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.schema.model import Table


def _table(name: str, key: str, indexes: Mapping[str, str] | None = None) -> Table:
    return table(name, key, indexes, encryption=Encryption("AWS_OWNED"), notes=NOTES[name])


TABLES = TableSet(
    (
        _table("Users", "userId S"),
        _table("Teams", "teamId S", {"managerId-index": "managerId S"}),
        _table(
            "AssessmentPlans",
            "planId S",
            {"teamId-index": "teamId S", "status-index": "status S"},
        ),
        _table(
            "Assessments",
            "assessmentId S",
            {
                "planId-teamMemberId-index": "planId S, teamMemberId S",
                "teamMemberId-index": "teamMemberId S",
            },
        ),
        _table(
            "AssessmentReports",
            "reportId S",
            {"planId-index": "planId S", "teamMemberId-index": "teamMemberId S"},
        ),
        _table("ConfigVersions", "configId S", {"isActive-index": "isActive N, createdAt N"}),
    )
)
