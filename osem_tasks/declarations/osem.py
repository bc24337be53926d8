"""OSEM Ladders' six tables and eight indexes: the data sheet itself.

On-demand billing, the AWS-owned key, every index projects ALL; names get their
prefix, tags and protection from the environment (``TableSet.for_environment``). ``isActive``
of ConfigVersions is the number 0 or 1, because a boolean cannot be a key.
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
