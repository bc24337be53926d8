"""What OSEM's tables hold and which questions they answer, for ``db.docs``.

Times are Unix milliseconds, ids are UUIDs. Nested data is a map, never a text in JSON: one nested
path can then be updated atomically.
"""

from __future__ import annotations

from typing import Any

_CREATED = {
    "createdBy": "S -> Users",
    "createdAt": "N",
}
_DATED = {"createdAt": "N", "updatedAt": "N"}

NOTES: dict[str, dict[str, Any]] = {
    "Users": {
        "text": "Everybody who signs in.",
        "attributes": {
            "email": "S",
            "name": "S",
            "roles": "SS: admin, manager, team_member",
            **_DATED,
        },
        "patterns": {"One user": "primary key"},
    },
    "Teams": {
        "text": "Teams, their managers and their members.",
        "attributes": {
            "teamName": "S",
            "description": "S?",
            "managerId": "S -> Users",
            "memberIds": "SS -> Users",
            **_CREATED,
            "updatedAt": "N",
            "isActive": "BOOL",
        },
        "patterns": {"One team": "primary key", "A manager's teams": "managerId-index"},
    },
    "AssessmentPlans": {
        "text": "A team's plan to assess its members in one season.",
        "attributes": {
            "teamId": "S -> Teams",
            "planName": "S",
            "description": "S?",
            "season": "S: such as 2025-Q1 or H1-2025",
            "startDate": "N",
            "endDate": "N",
            "status": "S: draft, active, completed, archived",
            "configVersion": "S: the version of a configuration",
            **_CREATED,
            "updatedAt": "N",
        },
        "patterns": {
            "One plan": "primary key",
            "A team's plans": "teamId-index",
            "Plans by status": "status-index",
        },
    },
    "Assessments": {
        "text": "What somebody says of a member in a plan: the member, or the manager.",
        "attributes": {
            "planId": "S -> AssessmentPlans",
            "teamId": "S -> Teams",
            "teamMemberId": "S -> Users",
            "assessmentType": "S: self, manager",
            "assessorId": "S -> Users",
            "selections": "M: category → competency → level (N)",
            "feedback": (
                "M: category → competency → level → evidence (S) and nextLevelFeedback (S)"
            ),
            "currentLevel": "N",
            "wayForward": "S?",
            "status": "S: not_started, in_progress, submitted",
            "submittedAt": "N?",
            **_DATED,
        },
        "patterns": {
            "One assessment": "primary key",
            "The assessments of one member in one plan": "planId-teamMemberId-index",
            "All assessments of a user": "teamMemberId-index",
        },
    },
    "AssessmentReports": {
        "text": "A member's result in a plan: both assessments compared.",
        "attributes": {
            "planId": "S -> AssessmentPlans",
            "teamMemberId": "S -> Users",
            "selfAssessmentId": "S -> Assessments",
            "managerAssessmentId": "S -> Assessments",
            "finalLevel": "N",
            "selfAssessedLevel": "N",
            "variance": "M: category → competency → selfScore, managerScore, difference (N)",
            "generatedAt": "N",
            "exportedAt": "N?",
        },
        "patterns": {
            "One report": "primary key",
            "A plan's reports": "planId-index",
            "A user's reports": "teamMemberId-index",
        },
    },
    "ConfigVersions": {
        "text": "Versions of the career ladder; exactly one is active.",
        "attributes": {
            "version": "S",
            "configContent": "S: the ladder as Markdown",
            "parsedConfig": "M: categories → competencies → levels",
            **_CREATED,
            "isActive": "N: 0 or 1, because a boolean cannot be a key",
        },
        "patterns": {
            "One configuration": "primary key",
            "The current configuration": {
                "index": "isActive-index",
                "how": "isActive = 1, newest createdAt first, one item",
            },
        },
    },
}
