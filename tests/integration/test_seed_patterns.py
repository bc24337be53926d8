"""Every access pattern of the data model, on the seed, by the code of docs/seed.md."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import osem_tasks
from osem_tasks.data.osem_seed import organisation
from osem_tasks.declarations.osem import TABLES

if TYPE_CHECKING:
    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

DOCUMENT = Path(osem_tasks.__file__).parents[1] / "docs" / "seed.md"
SEED: dict[str, list[dict[str, Any]]] = defaultdict(list)
for _name, _item in organisation(2):
    SEED[_name].append(_item)


def documented() -> dict[str, Any]:
    """The functions of the document's first block of Python."""
    found: dict[str, Any] = {}
    [code] = re.findall(r"```python\n(def a_managers.*?)```", DOCUMENT.read_text(), re.DOTALL)
    exec(code, found)
    return found


def ids(items: list[dict[str, Any]], key: str) -> list[str]:
    """The ids of items, as boto3 or as the seed has them."""
    found = (item[key] for item in items)
    return sorted(value["S"] if isinstance(value, dict) else value for value in found)


PATTERNS = [
    # The function, its arguments by attribute of the items that it must find, table and key.
    ("a_managers_teams", ("managerId",), "Teams", "teamId"),
    ("a_teams_plans", ("teamId",), "AssessmentPlans", "planId"),
    ("plans_by_status", ("status",), "AssessmentPlans", "planId"),
    ("a_members_assessments_in_a_plan", ("planId", "teamMemberId"), "Assessments", "assessmentId"),
    ("all_assessments_of_a_user", ("teamMemberId",), "Assessments", "assessmentId"),
    ("a_plans_reports", ("planId",), "AssessmentReports", "reportId"),
    ("a_users_reports", ("teamMemberId",), "AssessmentReports", "reportId"),
]


def test_every_access_pattern_is_served_without_a_scan(
    inv: Inv, engine: Engine, prefix: str
) -> None:
    """Each Query finds exactly the seed's items with those values, for every value there is."""
    inv("db.setup")
    inv("db.seed", "--scale", "2")
    functions, client = documented(), engine.client()
    tables = {name: f"{prefix}{name}" for name in TABLES.names}
    called = set()
    client.meta.events.register("before-call.*.*", lambda model, **_: called.add(model.name))

    for name, attributes, table, key in PATTERNS:
        values = {tuple(item[word] for word in attributes) for item in SEED[table]}
        for value in sorted(values):
            expected = [i for i in SEED[table] if tuple(i[word] for word in attributes) == value]
            assert ids(functions[name](client, tables, *value), key) == ids(expected, key), name
    current = functions["the_current_configuration"](client, tables)

    assert [current["version"]["S"]] == [
        c["version"] for c in SEED["ConfigVersions"] if c["isActive"]
    ]
    assert called == {"Query"}
    assert {name for name, *_ in PATTERNS} | {"the_current_configuration"} == {
        name for name in functions if not name.startswith("__")
    }


@pytest.mark.parametrize("name, key", [(one.name, one.key.partition[0].name) for one in TABLES])
def test_every_item_is_found_by_its_key(
    inv: Inv, engine: Engine, prefix: str, name: str, key: str
) -> None:
    """GetItem gives the nested maps back as they are, sets and numbers included."""
    from boto3.dynamodb.types import TypeDeserializer

    inv("db.setup", "--table", name)
    inv("db.seed", "--table", name, "--scale", "2")
    read = TypeDeserializer().deserialize

    for item in SEED[name]:
        found = engine.client().get_item(TableName=f"{prefix}{name}", Key={key: {"S": item[key]}})
        assert {word: read(value) for word, value in found["Item"].items()} == item
