"""OSEM's organisation is whole, deterministic, and as section 1 of the data model describes it."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from osem_tasks.data.osem_seed import organisation
from osem_tasks.data.seed import load
from osem_tasks.declarations.osem import TABLES

SCALES = (1, 3)
ATTRIBUTES = {
    "Users": "userId email name roles createdAt updatedAt",
    "Teams": "teamId teamName description? managerId memberIds createdBy createdAt updatedAt isActive",
    "AssessmentPlans": "planId teamId planName description? season startDate endDate status "
    "configVersion createdBy createdAt updatedAt",
    "Assessments": "assessmentId planId teamId teamMemberId assessmentType assessorId selections "
    "feedback currentLevel wayForward? status submittedAt? createdAt updatedAt",
    "AssessmentReports": "reportId planId teamMemberId selfAssessmentId managerAssessmentId "
    "finalLevel selfAssessedLevel variance generatedAt exportedAt?",
    "ConfigVersions": "configId version configContent parsedConfig createdBy createdAt isActive",
}


def tables(scale: int) -> dict[str, dict[str, dict[str, Any]]]:
    """The items by table and id."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, item in organisation(scale):
        key = TABLES[name].key.partition[0].name
        assert item[key] not in found.setdefault(name, {})
        found[name][item[key]] = item
    return found


@pytest.mark.parametrize("scale", SCALES)
def test_every_item_is_one_of_the_data_model(scale: int) -> None:
    """Required attributes are there, optional ones on some items and not on all; no others."""
    for name, items in tables(scale).items():
        words = ATTRIBUTES[name].split()
        required = {word for word in words if not word.endswith("?")}
        optional = {word.rstrip("?") for word in words} - required
        for item in items.values():
            assert required <= item.keys() <= required | optional
        for word in optional:
            assert 0 < sum(word in item for item in items.values()) < len(items)


@pytest.mark.parametrize("scale", SCALES)
def test_references_are_whole(scale: int) -> None:
    """Every id refers to an item that is there, and to the right one."""
    all_tables = tables(scale)
    users, teams, plans = (all_tables[name] for name in ("Users", "Teams", "AssessmentPlans"))
    versions = {item["version"] for item in all_tables["ConfigVersions"].values()}
    for config in all_tables["ConfigVersions"].values():
        assert "admin" in users[config["createdBy"]]["roles"]
    for team in teams.values():
        assert "manager" in users[team["managerId"]]["roles"]
        assert "admin" in users[team["createdBy"]]["roles"]
        assert team["memberIds"] <= users.keys() - {team["managerId"]}
    for plan in plans.values():
        assert plan["createdBy"] == teams[plan["teamId"]]["managerId"]
        assert plan["configVersion"] in versions
    for assessment in all_tables["Assessments"].values():
        plan = plans[assessment["planId"]]
        team = teams[plan["teamId"]]
        by = {"self": assessment["teamMemberId"], "manager": team["managerId"]}
        assert assessment["teamId"] == plan["teamId"]
        assert assessment["teamMemberId"] in team["memberIds"]
        assert assessment["assessorId"] == by[assessment["assessmentType"]]


@pytest.mark.parametrize("scale", SCALES)
def test_reports_agree_with_their_assessments(scale: int) -> None:
    """A report names the two submitted assessments of its member, and their difference."""
    all_tables = tables(scale)
    assessments = all_tables["Assessments"]
    for report in all_tables["AssessmentReports"].values():
        mine = assessments[report["selfAssessmentId"]]
        managers = assessments[report["managerAssessmentId"]]
        assert (mine["assessmentType"], managers["assessmentType"]) == ("self", "manager")
        for one in (mine, managers):
            assert one["status"] == "submitted"
            assert one["submittedAt"] < report["generatedAt"]
            assert (one["planId"], one["teamMemberId"]) == (
                report["planId"],
                report["teamMemberId"],
            )
        assert report["finalLevel"] == managers["currentLevel"]
        assert report["selfAssessedLevel"] == mine["currentLevel"]
        assert report["variance"] == {
            category: {
                name: {
                    "selfScore": score,
                    "managerScore": managers["selections"][category][name],
                    "difference": managers["selections"][category][name] - score,
                }
                for name, score in names.items()
            }
            for category, names in mine["selections"].items()
        }
    differences = {
        scores["difference"]
        for report in all_tables["AssessmentReports"].values()
        for names in report["variance"].values()
        for scores in names.values()
    }
    assert differences == {0, 1}


@pytest.mark.parametrize("scale", SCALES)
def test_what_there_is(scale: int) -> None:
    """Plans in each status for every team, assessments in each, one active configuration."""
    all_tables = tables(scale)
    plans = Counter(
        (plan["teamId"], plan["status"]) for plan in all_tables["AssessmentPlans"].values()
    )
    statuses = ("draft", "active", "completed", "archived")
    assert plans == {(team, status): 1 for team in all_tables["Teams"] for status in statuses}
    states = {item["status"] for item in all_tables["Assessments"].values()}
    assert states == {"not_started", "in_progress", "submitted"}
    assert [c["isActive"] for c in all_tables["ConfigVersions"].values()].count(1) == 1
    roles = set().union(*(user["roles"] for user in all_tables["Users"].values()))
    assert roles == {"admin", "manager", "team_member"}
    emails = [user["email"] for user in all_tables["Users"].values()]
    assert len(set(emails)) == len(emails)


@pytest.mark.parametrize("scale", SCALES)
def test_times_and_ids(scale: int) -> None:
    """Times are Unix milliseconds in their order; ids are UUIDs."""
    for name, items in tables(scale).items():
        for key, item in items.items():
            assert str(uuid.UUID(key)) == key
            times = {word: item[word] for word in item if word.endswith(("At", "Date"))}
            assert all(1_700_000_000_000 < time < 1_780_000_000_000 for time in times.values())
            first = item.get("createdAt", item.get("generatedAt"))
            assert all(time >= first for word, time in times.items() if word != "createdAt"), name
            assert item.get("startDate", 0) <= item.get("endDate", 0)


def test_a_larger_scale_only_adds() -> None:
    """The same call gives the same items, and those of a smaller scale are among them."""
    small, large = tables(1), tables(3)

    assert small == tables(1)
    for name, items in small.items():
        assert items.items() <= large[name].items()
    assert {name: len(items) for name, items in large.items()} == {
        name: len(items) * (1 if name == "ConfigVersions" else 3) for name, items in small.items()
    }


def test_it_passes_the_checks_of_a_seed() -> None:
    """Keys, types and sizes are right: 88 items, as the documentation says."""
    declared = {table.name: table for table in TABLES}

    found = load(["osem_tasks.data.osem_seed:organisation"], Path(), declared)

    assert sum(map(len, found.values())) == 88
