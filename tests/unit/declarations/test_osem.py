"""OSEM Ladders' tables: the data sheet of the application, declared."""

from __future__ import annotations

import pytest

from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import ModelError
from osem_tasks.schema.model import Encryption, Projection, table

# Each table's key, and its indexes with theirs.
SHEET: dict[str, tuple[str, dict[str, str]]] = {
    "Users": ("userId S", {}),
    "Teams": ("teamId S", {"managerId-index": "managerId S"}),
    "AssessmentPlans": ("planId S", {"teamId-index": "teamId S", "status-index": "status S"}),
    "Assessments": (
        "assessmentId S",
        {
            "planId-teamMemberId-index": "planId S, teamMemberId S",
            "teamMemberId-index": "teamMemberId S",
        },
    ),
    "AssessmentReports": (
        "reportId S",
        {"planId-index": "planId S", "teamMemberId-index": "teamMemberId S"},
    ),
    "ConfigVersions": ("configId S", {"isActive-index": "isActive N, createdAt N"}),
}


@pytest.mark.parametrize("name", SHEET)
def test_a_table_is_as_in_the_data_sheet(name: str) -> None:
    """Keys, types, indexes, on-demand billing, the AWS-owned key, and nothing else declared."""
    key, indexes = SHEET[name]

    assert table(name, key, indexes, encryption=Encryption("AWS_OWNED")) == TABLES[name]
    assert {Projection("ALL")} >= {index.projection for index in TABLES[name].global_indexes}


def test_there_are_six_tables_and_eight_indexes() -> None:
    """The set holds the sheet's tables in its order, with eight indexes altogether."""
    assert tuple(SHEET) == TABLES.names
    assert (len(TABLES), sum(len(declared.global_indexes) for declared in TABLES)) == (6, 8)


@pytest.mark.parametrize("prefix", ["osem-dev-", "osem-prod-", "alice-", ""])
def test_names_carry_the_prefix(prefix: str) -> None:
    """A table's name is the prefix and the entity."""
    assert (
        tuple(f"{prefix}{name}" for name in SHEET) == TABLES.for_environment(prefix, tags={}).names
    )


@pytest.mark.parametrize("prefix", ["bad prefix ", "p" * 255], ids=["with-blank", "too-long"])
def test_prefix_that_spoils_the_name_is_an_error(prefix: str) -> None:
    """A prefix that makes a table's name unsound raises ModelError."""
    with pytest.raises(ModelError):
        TABLES.for_environment(prefix, tags={})
