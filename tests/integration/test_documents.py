"""Live tables become declarations, and declarations compare clean with what they came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.inv import Inv


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's directory, in which `inv` is called; its configuration by variables."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_imported_tables_verify_clean(
    inv: Inv, root: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set up, imported to a file, declared by that file: nothing differs."""
    inv("db.setup")
    done = inv("db.import", "--output", "tables.json")
    assert (done.code, (root / "tables.json").exists()) == (0, True)
    monkeypatch.setenv("INVOKE_OSEM_TABLES", str(root / "tables.json"))

    verified = inv("db.verify", "--json")

    assert (verified.code, len(verified.document["data"]["checks"])) == (0, 6)
    names = {each["TableName"] for each in json.loads((root / "tables.json").read_text())["Tables"]}
    assert not any(name.startswith(prefix) for name in names)


def test_exported_tables_verify_clean(
    inv: Inv, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported as a template, declared by it under no prefix: nothing differs."""
    inv("db.setup")
    assert inv("db.export", "--format", "cloudformation", "--output", "t.template").code == 0
    monkeypatch.setenv("INVOKE_OSEM_TABLES", str(root / "t.template"))
    monkeypatch.setenv("INVOKE_OSEM_PREFIX", "")
    monkeypatch.delenv("OSEM_DB_PREFIX")

    verified = inv("db.verify", "--json")

    assert (verified.code, len(verified.document["data"]["checks"])) == (0, 6)


@pytest.mark.parametrize("count", [1, 2])
def test_tables_are_imported_by_name(inv: Inv, prefix: str, count: int) -> None:
    """--from-table is repeatable, and only what is named is written."""
    inv("db.setup")
    names = [f"{prefix}Users", f"{prefix}Teams"][:count]
    words = [word for name in names for word in ("--from-table", name)]

    done = inv("db.import", *words, "--json")

    tables = done.document["data"]["document"]["Tables"]
    assert [each["TableName"] for each in tables] == ["Users", "Teams"][:count]


@pytest.mark.parametrize(
    "source",
    [
        ("main.tf", 'resource "aws_dynamodb_table" "users" {}'),
        ("template.json", '{"Resources": {"Users": {"Type": "AWS::DynamoDB::Table"}}}'),
        ("absent.yaml", ""),
    ],
)
def test_a_declaration_that_cannot_be_read_does_not_stop_an_import(
    inv: Inv, root: Path, prefix: str, monkeypatch: pytest.MonkeyPatch, source: tuple[str, str]
) -> None:
    """What a message names as the way in works although the declaration is as it is."""
    inv("db.setup")
    name, text = source
    if text:
        (root / name).write_text(text)
    monkeypatch.setenv("INVOKE_OSEM_TABLES", str(root / name))

    done = inv("db.import", "--from-table", f"{prefix}Users", "--output", "tables.json")

    assert (done.code, (root / "tables.json").exists()) == (0, True)
    assert inv("db.verify").code == 1


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["db.import", "--from-table", "no-such-table"], id="absent"),
        pytest.param(["db.import"], id="none-with-the-prefix"),
    ],
)
def test_what_is_not_there_is_said(inv: Inv, words: list[str]) -> None:
    """A missing table is an error with its name, and nothing is written."""
    done = inv(*words, "--json")

    assert (done.code, done.document["error"]["code"]) == (1, "TABLE_NOT_FOUND")


@pytest.mark.parametrize("form", ["json", "cloudformation", "terraform"])
def test_every_format_names_every_table(inv: Inv, form: str, prefix: str) -> None:
    """The export is the result on stdout, and nothing else is there."""
    done = inv("db.export", "--format", form)

    assert (done.code, done.out.count(f'"{prefix}')) == (0, 6)


def test_an_unknown_format_is_refused(inv: Inv) -> None:
    """The error lists the formats."""
    done = inv("db.export", "--format", "xml", "--json")

    assert done.document["error"]["code"] == "INVALID_CONFIGURATION"
    assert "terraform" in done.document["error"]["message"]


def test_a_file_that_cannot_be_written_is_said(inv: Inv, root: Path) -> None:
    """No traceback, but the file and the reason."""
    done = inv("db.export", "--output", str(root / "no" / "such" / "directory.json"), "--json")

    assert (done.code, done.document["error"]["code"]) == (1, "INVALID_CONFIGURATION")
