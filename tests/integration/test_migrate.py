"""A real change of keys, by the commands of docs/migrate.md, on every engine."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.data import exports
from tests.support.inv import ROOT

if TYPE_CHECKING:
    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs/migrate.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
# The page shows as many departments, with eight plans each, on DynamoDB Local in Docker.
SCALE = int(os.environ.get("OSEM_TEST_SCALE", "3"))


def transcript() -> list[tuple[str, list[str]]]:
    """Every command of the page's transcript with the lines that it shows."""
    pattern = r"<!-- run: tests/integration/test_migrate.py -->\n```console\n(.*?)```"
    found = re.search(pattern, PAGE, re.DOTALL)
    assert found
    entries = found[1].split("$ ")[1:]
    return [(first, rest) for first, *rest in (entry.splitlines() for entry in entries)]


def normal(text: str, prefix: str) -> str:
    """A line in which counts, prefixes, ids, places and times do not matter."""
    text = re.sub(r"\d{14}-[0-9a-f]{8}", "ID", text.replace(prefix, "osem-local-"))
    text = re.sub(r"such as .*", "such as ...", text)
    text = re.sub(r" --endpoint http://\S+", "", text)
    return re.sub(r"[\d,]*\d", "N", text).rstrip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def items_of(engine: Engine, table: str) -> list[dict[str, Any]]:
    """All items of a table as boto3 reads them."""
    pages = engine.client().get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def test_the_page_shows_what_happens(engine: Engine, inv: Inv, prefix: str, project: Path) -> None:
    """Every command of the transcript ends well, with the lines that the page shows."""
    for task in ("db.setup", "db.seed"):
        scale = ("--scale", str(SCALE)) if task == "db.seed" else ()
        for name in ("Teams", "AssessmentPlans"):
            assert inv(task, "--table", name, *scale).code == 0
    before = {name: items_of(engine, f"{prefix}{name}") for name in ("Teams", "AssessmentPlans")}
    changed = replace(inv, configuration={"tables": "tables_v2:TABLES"})

    for command, shown in transcript():
        run = changed(*shlex.split(command)[1:])
        lines = [normal(line, prefix) for line in run.out.splitlines()]
        assert lines == [normal(line, "osem-local-") for line in shown], (command, run.err)

    check_teams(before["Teams"], items_of(engine, f"{prefix}Teams"))
    check_plans(before["AssessmentPlans"], items_of(engine, f"{prefix}AssessmentPlans"))
    folders = exports.find(project / "dumps")
    assert sorted(exports.read(folder).items for folder in folders) == [2 * SCALE, 8 * SCALE]


def check_teams(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Nothing but the name of the key has changed."""
    expected = {item["teamId"]["S"]: item for item in before}
    assert len(after) == len(before)
    for item in after:
        old = dict(expected[item["id"]["S"]])
        old["id"] = old.pop("teamId")
        assert {**item, "memberIds": sorted(item["memberIds"]["SS"])} == {
            **old,
            "memberIds": sorted(old["memberIds"]["SS"]),
        }


def check_plans(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Every plan is there under its team and season, and its former id."""
    expected = {item["planId"]["S"]: item for item in before}
    assert len({(item["teamId"]["S"], item["season"]["S"]) for item in after}) == len(before)
    for item in after:
        old = dict(expected[item["formerPlanId"]["S"]])
        old["formerPlanId"] = old.pop("planId")
        old["season"] = {"S": old["season"]["S"].replace(" ", "-")}
        assert item == old


def test_a_second_table_on_every_engine(
    engine: Engine, inv: Inv, prefix: str, project: Path
) -> None:
    """The old table stays as it is; the second one has the items under the new key."""
    assert inv("db.setup", "--table", "Teams").code == 0
    assert inv("db.seed", "--table", "Teams").code == 0
    before = items_of(engine, f"{prefix}Teams")
    changed = replace(inv, configuration={"tables": "tables_v2:TABLES"})

    run = changed("db.migrate", "--table", "Teams", "--to", f"{prefix}Second", "--json")

    assert run.code == 0, run.err
    assert len(run.document["data"]["restOfTheWay"]) == 6
    check_teams(before, items_of(engine, f"{prefix}Second"))
    assert len(items_of(engine, f"{prefix}Teams")) == len(before)
    assert Path(project / "dumps" / "migrate-local" / "Teams").is_dir()
