"""Every project that docs/own-tables.md shows is one: its files, in a folder of their own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks import program
from tests.support import pages

if TYPE_CHECKING:
    from pathlib import Path

PAGE = pages.read(pages.DOCS / "own-tables.md")
PROJECTS = {
    title: files
    for title, text in pages.sections(PAGE).items()
    if "invoke.yaml" in (files := pages.files(text))
}


def test_every_source_has_an_example() -> None:
    """Each row of the table leads to a section, with a project where a file declares tables."""
    expected = (
        "Python",
        "PynamoDB",
        "CreateTable requests",
        "CloudFormation and SAM",
        "CDK",
        "Serverless Framework",
        "NoSQL Workbench",
    )

    assert tuple(PROJECTS) == expected


@pytest.mark.parametrize("environment", ["local", "prod"])
@pytest.mark.parametrize("title", PROJECTS)
def test_the_project_declares_orders(
    title: str,
    environment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`osem db.export` prints the table, under the environment's name of it where it has one."""
    for name, text in PROJECTS[title].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in set(sys.modules) & {"shop", "shop.tables", "models"}:
        monkeypatch.delitem(sys.modules, name)

    tables = exported(capsys, environment)

    names = {"CDK": "Orders"}
    orders = tables[names.get(title, f"shop-{environment}-Orders")]
    assert orders["KeySchema"] == [{"AttributeName": "orderId", "KeyType": "HASH"}]
    assert {"Key": "Application", "Value": "shop"} in orders["Tags"]


def exported(capsys: pytest.CaptureFixture[str], environment: str) -> dict[str, Any]:
    """The declared tables by their names, as the program prints them."""
    argv = ["osem", "db.export", "--env", environment]
    program.run(argv)  # a failure raises SystemExit
    return {table["TableName"]: table for table in json.loads(capsys.readouterr().out)["Tables"]}
