"""The schemas of what `--json` prints: complete, strict, and in step with the package."""

from __future__ import annotations

import copy
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import meta

from osem_tasks.aws.backups import State
from osem_tasks.data.migration.record import Stage
from osem_tasks.data.rules import Rule
from osem_tasks.engines.base import EngineState
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Status
from osem_tasks.output import schemas
from osem_tasks.output.outcome import Outcome
from osem_tasks.plan.actions import OPTIONS, Kind, Risk
from osem_tasks.schema.difference import IssueType
from osem_tasks.tasks import catalogue
from osem_tasks.tasks.document import CONFIGURATION, document
from tests.support.schemas import check, problems, validator

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = schemas.schema("verify")["$defs"]["common"]
DEFINITIONS = COMMON["$defs"]
FILES = {
    file.name: json.loads(file.read_text(encoding="utf-8"))
    for file in resources.files(schemas).iterdir()
    if file.name.endswith(".json")
}
# Tasks of `osem` alone, and what fails before any task.
BESIDE = ("init", "schema", CONFIGURATION)

ERROR = OsemError("It failed.", code=ErrorCode.TIMEOUT, remediation="Wait.", table="osem-dev-A")
ENTRY = {"tableName": "osem-local-Users", "status": "ACTIVE", "duration": 5}
STEP = {
    "tableName": "osem-local-Users",
    "action": "create_table",
    "target": "userId S",
    "risk": "safe",
    "reason": "it is missing",
    "requires": ["--prune"],
    "creates": [{"path": "key", "value": "userId S", "notKept": None}],
}
ISSUE = {
    "type": "WRONG_TAGS",
    "path": "tags",
    "message": "tags: missing (expected a=b)",
    "expected": {"a": "b"},
    "found": None,
    "remediation": "inv db.repair",
}
SUMMARY = dict.fromkeys(("totalTables", "tablesFound", "tablesMissing", "tablesWithIssues"), 1)
DATA: dict[str, dict[str, Any]] = {
    "setup": {
        "tablesCreated": [ENTRY],
        "tablesVerified": [],
        "tablesFailed": [{**ENTRY, "error": ERROR.as_json()}],
        "tablesNotAttempted": [],
        "totalTables": 2,
        "actionsCompleted": [STEP],
        "indexesNotDeclared": [],
        "notManaged": [{"tableName": None, "path": "x", "reason": ""}],
        "declaration": {"source": "tables.json", "tables": 2},
    },
    "verify": {
        "checks": [
            {
                "tableName": "osem-local-Users",
                "status": "ACTIVE",
                "passed": False,
                "issues": [ISSUE],
                "notComparable": [{"path": "ttl", "expected": "off", "reason": "unknown"}],
                "notJudged": [],
            }
        ],
        "summary": SUMMARY,
        "notManaged": [],
    },
    "down": {"name": "osem", "removed": ["container osem"]},
    "delete": {"tablesDeleted": ["osem-local-Users"], "backups": []},
    "env": {"variables": {"AWS_REGION": "us-east-1"}},
}


def documents(command: str) -> dict[str, Any]:
    """A whole document of a command, which failed."""
    location = {"environment": "local", "region": "us-east-1", "endpoint": None}
    return document(command, location, Outcome(data=DATA[command], error=ERROR), 0.5)


def inner(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema, and itself."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, (dict, list)):
            yield from inner(part)


@pytest.mark.parametrize("name", [*catalogue.TASKS, *BESIDE])
def test_every_task_has_a_schema(name: str) -> None:
    """A new task has to say what its document holds."""
    command = name.rpartition(".")[2]

    assert command in schemas.names()
    assert FILES[f"{command}.json"]["properties"]["command"] == {"const": command}


def test_every_schema_is_of_a_task() -> None:
    """A task that is gone leaves no schema behind."""
    tasks = {name.rpartition(".")[2] for name in catalogue.TASKS}

    assert {*schemas.names()} == tasks | {*BESIDE}


@pytest.mark.parametrize(
    "definition, values",
    [
        ("errorCode", [code.value for code in ErrorCode]),
        ("issueType", [issue.value for issue in IssueType]),
        ("checkStatus", [status.value for status in Status]),
        ("engineState", [state.value for state in EngineState]),
        ("backupState", [state.value for state in State]),
        ("migrationStage", [stage.name.lower() for stage in Stage]),
        ("actionKind", [kind.value for kind in Kind]),
        ("risk", [risk.value for risk in Risk]),
        ("riskOption", [*OPTIONS]),
        ("maskRule", [rule.value for rule in Rule]),
    ],
)
def test_words_are_those_of_the_package(definition: str, values: list[str]) -> None:
    """A schema allows exactly what the package can say, in the same order."""
    assert DEFINITIONS[definition]["enum"] == values


@pytest.mark.parametrize("command", [*schemas.names(), None])
def test_a_schema_is_complete(command: str | None) -> None:
    """It is valid, names itself and its dialect, and refers to nothing outside of it."""
    schema = schemas.schema(command)

    meta.validate(schema)
    validator(command)  # raises for a reference that leads nowhere
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/1/{command or 'document'}.json")
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_schema_is_strict_and_explained(file: str) -> None:
    """Objects have no members but those that are listed, and each of them says what it is."""
    for schema in inner(FILES[file]):
        if schema.get("type") == "object" and "properties" in schema:
            assert schema.get("additionalProperties") is False, schema
        for name, member in (schema.get("properties") or {}).items():
            told = {"$ref", "description", "const", "title"} & {*member}
            assert told or name in {"data", "success", "error"}, (name, member)


def test_every_shared_definition_is_used() -> None:
    """What no document needs any more is not kept."""
    used = {
        str(schema["$ref"]).rpartition("/")[2]
        for file in FILES.values()
        for schema in inner(file)
        if "$ref" in schema
    }

    assert {*DEFINITIONS} == used


@pytest.mark.parametrize("command", DATA)
def test_a_document_fits_its_schema_and_that_of_any(command: str) -> None:
    """What is true of one document is true of a line among many."""
    found = documents(command)

    check(found)
    assert validator().is_valid(found)


@pytest.mark.parametrize("command", DATA)
@given(st.data())
def test_a_member_more_or_less_is_found(command: str, data: st.DataObject) -> None:
    """An unknown member does not fit anywhere but in the details of an error; nor a missing one."""
    found = copy.deepcopy(documents(command))
    free = [found["error"]["details"], found["data"].get("variables"), ISSUE["expected"]]
    # A failure may have no data at all: what has one member can lose it.
    places = [one for one in inner(found) if len(one) > 1 and one not in free]
    holder = data.draw(st.sampled_from(places))
    if data.draw(st.booleans()):
        holder["unknown"] = 1
    else:
        optional = {"declaration", "creates", "error"} - ({"error"} if holder is found else set())
        del holder[data.draw(st.sampled_from([name for name in holder if name not in optional]))]

    assert not validator(command).is_valid(found)


@pytest.mark.parametrize(
    "change, problem",
    [
        pytest.param({"success": True}, "error: ", id="success-with-an-error"),
        pytest.param({"error": None}, "error: null", id="failure-without-an-error"),
        pytest.param({"command": "setup"}, 'command: "verify" was expected', id="another"),
        pytest.param({"duration": -1}, "duration: ", id="negative"),
        pytest.param({"timestamp": "2026-01-01T00:00:00.000Z"}, "timestamp: ", id="other-form"),
        pytest.param({"environment": 1}, "environment: ", id="number"),
        pytest.param({"data": {}, "success": True, "error": None}, "data: ", id="nothing-done"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], problem: str) -> None:
    """The message names the member, and what is wrong with it."""
    found = problems("verify", {**documents("verify"), **change})

    assert any(text.startswith(problem) for text in found), found


def test_a_document_without_a_schema_is_named() -> None:
    """The test of a new task says which file to write."""
    with pytest.raises(AssertionError, match=r"write osem_tasks/output/schemas/rename\.json"):
        check({**documents("verify"), "command": "rename"})


def test_a_name_that_is_no_document_s() -> None:
    """The shared definitions describe none."""
    with pytest.raises(KeyError):
        schemas.schema("common")
