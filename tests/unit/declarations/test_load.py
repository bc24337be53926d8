"""Where the declared tables come from, and what is said when they cannot be loaded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from osem_tasks.declarations.load import load
from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import OsemError
from tests.unit.declarations.test_documents import ORDERS, PLAIN

TEMPLATE = """
Parameters:
  Name: {Type: String, Default: Orders}
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Name}"
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
"""

NESTED = TEMPLATE.replace('!Sub "${Name}"', '!Join ["", [Ord, !FindInMap [Endings, eu, long]]]')
NESTED += "Mappings: {Endings: {eu: {long: ers}}}\n"


@pytest.mark.parametrize(
    "name, text",
    [
        pytest.param("t.json", json.dumps(ORDERS), id="json"),
        pytest.param("t.yaml", json.dumps([ORDERS]), id="yaml"),
        pytest.param("t.yml", TEMPLATE, id="template-with-short-forms"),
        pytest.param("t.template", TEMPLATE, id="template-by-its-own-ending"),
        pytest.param("t.yaml", NESTED, id="template-with-short-forms-of-lists"),
    ],
)
def test_files(tmp_path: Path, name: str, text: str) -> None:
    """A JSON or YAML file of requests, or a template; sought from the project's root."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert tuple(load(name, tmp_path)) == (PLAIN,)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("TableSet((table('Orders', 'id S'),))", id="set"),
        pytest.param("[table('Orders', 'id S')]", id="list"),
        pytest.param("table('Orders', 'id S')", id="one"),
    ],
)
def test_python_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A module's object: a TableSet, several tables, or one."""
    source = f"from osem_tasks.schema.model import TableSet, table\nTABLES = {value}\n"
    (tmp_path / "shop_tables.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_tables", raising=False)

    assert tuple(load("shop_tables:TABLES", tmp_path)) == (PLAIN,)


def test_the_default_is_osem() -> None:
    """Without configuration the OSEM tables are declared."""
    assert load("osem_tasks.declarations.osem:TABLES", Path()) == TABLES


@pytest.mark.parametrize(
    "source, text, words",
    [
        pytest.param("nonsense", "", "neither a module's object nor a file", id="neither"),
        pytest.param("no_such_module:X", "", "no_such_module", id="no-module"),
        pytest.param("json:NOTHING", "", "NOTHING", id="no-attribute"),
        pytest.param("json:dumps", "", "missing 1 required", id="not-tables"),
        pytest.param("absent.json", None, "cannot be read", id="no-file"),
        pytest.param("t.json", "{", "cannot be parsed", id="not-json"),
        pytest.param("t.yaml", "a: [", "cannot be parsed", id="not-yaml"),
        pytest.param("t.json", "5", "must hold a table", id="not-a-declaration"),
        pytest.param("t.json", "[]", "holds no table", id="empty"),
        pytest.param("t.json", json.dumps([ORDERS, ORDERS]), "appears 2 times", id="twice"),
    ],
)
def test_what_cannot_be_loaded(tmp_path: Path, source: str, text: str | None, words: str) -> None:
    """Each cause has its own words, a remedy, and the code of a configuration."""
    if text is not None:
        (tmp_path / "t.json").write_text(text, encoding="utf-8")
        (tmp_path / "t.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(OsemError) as caught:
        load(source, tmp_path)

    assert words in caught.value.message
    assert (caught.value.code.value, bool(caught.value.remediation)) == (
        "INVALID_CONFIGURATION",
        True,
    )
