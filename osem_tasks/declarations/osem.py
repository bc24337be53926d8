"""OSEM Ladders' six tables and eight indexes, as in the data sheet.

They use on-demand billing and the AWS-owned key, and every index projects ALL. The environment
adds prefix, tags and protection (``TableSet.for_environment``). ``isActive`` of ConfigVersions
is the number 0 or 1, because a boolean cannot be a key.
"""

from __future__ import annotations

from functools import partial

from osem_tasks.schema.model import Encryption, TableSet, table

_table = partial(table, encryption=Encryption("AWS_OWNED"))

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
