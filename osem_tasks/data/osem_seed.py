"""OSEM's seed: a small organisation in which everything refers to something that is there.

A scale of N makes N departments. Everything follows from a department's number: the same call
gives the same items, and a larger scale only adds some.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Item = dict[str, Any]
# Category, competency and level.
Scores = dict[str, dict[str, int]]

_IDS = uuid.UUID("0b5e3a52-6f0e-5d1c-9a51-6d0d3f3c7a10")
_DAY = 24 * 60 * 60 * 1000
_FIRST = ("Ada", "Bruno", "Chen", "Dalia", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana", "Kofi")
_LAST = (
    *("Okafor", "Lindqvist", "Moreau", "Tanaka", "Petrov", "Silva"),
    *("Haddad", "Novak", "Adeyemi", "Costa", "Weber"),
)
# Category and competencies of the ladder, and what each level of one means.
_LADDER = {
    "technical": ("codeQuality", "systemDesign"),
    "collaboration": ("communication", "mentoring"),
}
_LEVELS = ("follows examples", "works alone", "guides others", "sets the direction")
# Season, status and first month of a plan; every team has one of each.
_SEASONS = (
    ("2024-Q3", "archived", (2024, 7)),
    ("2024-Q4", "completed", (2024, 10)),
    ("2025-Q1", "active", (2025, 1)),
    ("H2-2025", "draft", (2025, 7)),
)
# Version, creation and activity of the configurations: exactly one is active.
_VERSIONS = (("1.0.0", (2024, 1), 0), ("1.1.0", (2024, 6), 1), ("2.0.0-draft", (2025, 2), 0))
_ACTIVE = "1.1.0"
_TEAMS, _MEMBERS = 2, 4
_BEGIN = (2024, 1)


def organisation(scale: int) -> Iterator[tuple[str, Item]]:
    """Yield table and item: three configuration versions and ``scale`` departments.

    A department has 11 users in 2 teams, 8 plans, 48 assessments and 16 reports.
    """
    yield from _configurations()
    for number in range(scale):
        yield from _department(number)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan of a team: what its assessments and reports share."""

    team: str
    manager: str
    season: str
    status: str
    month: tuple[int, int]

    @property
    def id(self) -> str:
        """The plan's id."""
        return _id("plan", self.team, self.season)

    @property
    def is_over(self) -> bool:
        """Whether every member has a report."""
        return self.status in ("archived", "completed")

    def time(self, days: int) -> int:
        """Return the Unix milliseconds of a day of the plan."""
        return _time(self.month, days)


def _id(*names: object) -> str:
    return str(uuid.uuid5(_IDS, "/".join(map(str, names))))


def _time(month: tuple[int, int], days: int = 0) -> int:
    """Return the Unix milliseconds of 9 o'clock on the first of a month, ``days`` later."""
    start = datetime(*month, 1, 9, tzinfo=timezone.utc)
    return int(start.timestamp()) * 1000 + days * _DAY


def _configurations() -> Iterator[tuple[str, Item]]:
    parsed = {
        category: {name: {str(n): text for n, text in enumerate(_LEVELS, 1)} for name in names}
        for category, names in _LADDER.items()
    }
    content = "\n".join(
        f"## {category}\n" + "\n".join(f"- {name}" for name in names)
        for category, names in _LADDER.items()
    )
    for version, month, active in _VERSIONS:
        yield (
            "ConfigVersions",
            {
                "configId": _id("config", version),
                "version": version,
                "configContent": f"# Ladder {version}\n{content}\n",
                "parsedConfig": parsed,
                "createdBy": _id("user", 0, 0),
                "createdAt": _time(month),
                "isActive": active,
            },
        )


def _department(number: int) -> Iterator[tuple[str, Item]]:
    """Yield the items of one department: user 0 administers it, 1 and 2 manage its teams."""
    users = [_id("user", number, position) for position in range(1 + _TEAMS * (1 + _MEMBERS))]
    for position, user in enumerate(users):
        roles = {"admin"} if position == 0 else {"team_member"}
        if 1 <= position <= _TEAMS:
            roles |= {"manager"}
        yield "Users", _user(number, position, user, roles)
    for team in range(_TEAMS):
        first = 1 + _TEAMS + team * _MEMBERS
        yield from _team(number, team, users[0], users[1 + team], users[first : first + _MEMBERS])


def _user(number: int, position: int, user: str, roles: set[str]) -> Item:
    # The sum shifts the last names from department to department.
    first, last = _FIRST[position], _LAST[(position + number) % len(_LAST)]
    mark = str(number) if number else ""
    return {
        "userId": user,
        "email": f"{first}.{last}{mark}@example.com".lower(),
        "name": f"{first} {last}",
        "roles": roles,
        "createdAt": _time(_BEGIN, position),
        "updatedAt": _time(_BEGIN, position + 30),
    }


def _team(
    number: int, position: int, admin: str, manager: str, members: list[str]
) -> Iterator[tuple[str, Item]]:
    team = _id("team", number, position)
    item: Item = {
        "teamId": team,
        "teamName": f"{('Platform', 'Product')[position]} {number + 1}",
        "managerId": manager,
        "memberIds": set(members),
        "createdBy": admin,
        "createdAt": _time(_BEGIN, 40),
        "updatedAt": _time(_BEGIN, 70),
        "isActive": True,
    }
    if position == 0:
        item["description"] = "Runs what the other teams build on."
    yield "Teams", item
    for season, status, month in _SEASONS:
        plan = _Plan(team, manager, season, status, month)
        yield "AssessmentPlans", _plan(plan)
        if status != "draft":
            for index, member in enumerate(members):
                yield from _assessed(plan, member, index)


def _plan(plan: _Plan) -> Item:
    end = {"archived": 91, "completed": 91, "active": 89, "draft": 183}[plan.status]
    item = {
        "planId": plan.id,
        "teamId": plan.team,
        "planName": f"Assessment {plan.season}",
        "season": plan.season,
        "startDate": plan.time(0),
        "endDate": plan.time(end),
        "status": plan.status,
        "configVersion": _ACTIVE,
        "createdBy": plan.manager,
        "createdAt": plan.time(-14),
        "updatedAt": plan.time(end + 7 if plan.is_over else -7),
    }
    if plan.status == "active":
        item["description"] = "Everybody assesses themselves first, then talks with the manager."
    return item


def _assessed(plan: _Plan, member: str, index: int) -> Iterator[tuple[str, Item]]:
    """Yield the two assessments of a member in a plan, and the report on them if it is over."""
    base = {"planId": plan.id, "teamId": plan.team, "teamMemberId": member}
    scores = {kind: _scores(index, kind) for kind in ("self", "manager")}
    ids = {kind: _id("assessment", plan.id, member, kind) for kind in scores}
    # In the active plan, each member has come to another point.
    states = ("submitted", "submitted") if plan.is_over else _PROGRESS[index % len(_PROGRESS)]
    for days, (kind, status) in enumerate(zip(scores, states, strict=True)):
        yield (
            "Assessments",
            {
                "assessmentId": ids[kind],
                **base,
                "assessmentType": kind,
                "assessorId": member if kind == "self" else plan.manager,
                **_answers(scores[kind], status, plan, 20 + 10 * days + index),
            },
        )
    if plan.is_over:
        item = _report(plan, member, ids, scores)
        if index % 2 == 0:
            item["exportedAt"] = plan.time(61)
        yield "AssessmentReports", item


_PROGRESS = (
    ("submitted", "submitted"),
    ("submitted", "in_progress"),
    ("in_progress", "not_started"),
    ("not_started", "not_started"),
)


def _scores(index: int, kind: str) -> Scores:
    """Return category, competency and level; the manager differs where the sum is odd."""
    scores: Scores = {}
    for row, (category, names) in enumerate(_LADDER.items()):
        scores[category] = {}
        for column, name in enumerate(names):
            level = 1 + (index + row + column) % 3
            differs = kind == "manager" and (index + column) % 2
            scores[category][name] = level + (1 if differs else 0)
    return scores


def _answers(scores: Scores, status: str, plan: _Plan, day: int) -> Item:
    """Return what an assessor has filled in so far."""
    begun, submitted = status != "not_started", status == "submitted"
    feedback = {
        category: {
            name: {
                str(level): {
                    "evidence": f"{name}: {_LEVELS[level - 1]}.",
                    "nextLevelFeedback": f"Next: {_LEVELS[min(level, len(_LEVELS) - 1)]}.",
                }
            }
            for name, level in names.items()
        }
        for category, names in scores.items()
    }
    answers: Item = {
        "selections": scores if begun else {},
        "feedback": feedback if begun else {},
        "currentLevel": _level(scores) if begun else 0,
        "status": status,
        "createdAt": plan.time(1),
        "updatedAt": plan.time(day if begun else 1),
    }
    if submitted:
        answers["wayForward"] = "Pair with another team once a week."
        answers["submittedAt"] = plan.time(day)
    return answers


def _level(scores: Scores) -> int:
    levels = [level for names in scores.values() for level in names.values()]
    return round(sum(levels) / len(levels))


def _report(plan: _Plan, member: str, ids: dict[str, str], scores: dict[str, Scores]) -> Item:
    mine, managers = scores["self"], scores["manager"]
    variance = {
        category: {
            name: {
                "selfScore": score,
                "managerScore": managers[category][name],
                "difference": managers[category][name] - score,
            }
            for name, score in names.items()
        }
        for category, names in mine.items()
    }
    return {
        "reportId": _id("report", plan.id, member),
        "planId": plan.id,
        "teamMemberId": member,
        "selfAssessmentId": ids["self"],
        "managerAssessmentId": ids["manager"],
        "finalLevel": _level(managers),
        "selfAssessedLevel": _level(mine),
        "variance": variance,
        "generatedAt": plan.time(60),
    }
