"""The configuration and the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.config import project as files
from osem_tasks.doctor import project
from osem_tasks.errors import ConfigurationError
from osem_tasks.findings import Status
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.doctor.situation import Situation

TABLE = """
{"TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
 "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
 "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
"""
OSEM = "osem_tasks.declarations.osem:TABLES"


def in_folder(folder: Path, tables: object, *, file: bool = True) -> Situation:
    """A situation in a project's folder, with or without an invoke.yaml."""
    path = folder / "invoke.yaml"
    found = files.Project(folder, path if file else None, (folder,))
    situation = situation_of(configuration={"tables": tables})
    sources = files.Sources(found, folder)
    situation.settings = replace(situation.settings, sources=sources)
    return situation


def test_a_pyproject_is_named_as_well(tmp_path: Path) -> None:
    """With the file of Invoke beside it, if there is one."""
    situation = in_folder(tmp_path, OSEM)
    found = replace(situation.settings.sources.project, pyproject=tmp_path / "pyproject.toml")
    sources = replace(situation.settings.sources, project=found)
    situation.settings = replace(situation.settings, sources=sources)

    (finding,) = project.configuration(situation)

    assert finding.message == f"{tmp_path / 'invoke.yaml'}, {tmp_path / 'pyproject.toml'}"


def test_where_the_configuration_comes_from(tmp_path: Path) -> None:
    """The file, or that there is none; a broken one is a failure in its own words."""
    there, none = in_folder(tmp_path, OSEM), in_folder(tmp_path, OSEM, file=False)
    broken = in_folder(tmp_path, OSEM)
    broken.problem = ConfigurationError(["osem.port is 'x'"], remediation="Correct it.")

    (one,), (two,), (three,) = map(project.configuration, (there, none, broken))

    assert (one.status, one.message) == (Status.OK, str(tmp_path / "invoke.yaml"))
    assert (two.status, str(tmp_path) in two.message) == (Status.INFO, True)
    assert (three.status, three.remediation) == (Status.FAILED, "Correct it.")
    assert (project.tables(broken), project.environment(broken)) == ([], [])


@pytest.mark.parametrize(
    "tables, content, status, words",
    [
        (OSEM, "", Status.OK, f"6 tables of {OSEM}: osem-local-Users, ..."),
        ("t.json", TABLE, Status.OK, "1 table of t.json: osem-local-Orders"),
        ("t.json", "{", Status.FAILED, "t.json"),
        ("t.json", TABLE.replace("HASH", "HSAH"), Status.FAILED, "HSAH"),
        ("gone.json", "", Status.FAILED, "gone.json"),
        ("no_such_module_here:TABLES", "", Status.FAILED, "no_such_module_here"),
        ("", "", Status.FAILED, "no tables are declared"),
    ],
    ids=str,
)
def test_whether_the_tables_can_be_read(
    tmp_path: Path, tables: str, content: str, status: Status, words: str
) -> None:
    """How many, and where; or the error with which db.setup would stop."""
    if content:
        (tmp_path / "t.json").write_text(content, encoding="utf-8")

    (found,) = project.tables(in_folder(tmp_path, tables))

    assert (found.status, words in found.message) == (status, True)
    assert bool(found.remediation) == (status is Status.FAILED)
