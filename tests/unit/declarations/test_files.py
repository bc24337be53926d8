"""Which files declare tables, in which encodings, alone and together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.load import load
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.model import table

if TYPE_CHECKING:
    from pathlib import Path

CARTS = table("Carts", "cartId S")
REQUEST: dict[str, Any] = {
    "TableName": "Carts",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "cartId", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "cartId", "KeyType": "HASH"}],
}
RESOURCES = {"CartsTable": {"Type": "AWS::DynamoDB::Table", "Properties": REQUEST}}
TEMPLATE = {"Resources": RESOURCES}
NUMBERED = {**REQUEST, "TableName": "Carts-${self:custom.number}"}
SERVERLESS = {
    "service": "shop",
    "provider": {"name": "aws"},
    "custom": {"number": 7},
    "resources": {"Resources": {"T": {**RESOURCES["CartsTable"], "Properties": NUMBERED}}},
}
MODEL = {
    "ModelName": "Shop",
    "DataModel": [
        {
            "TableName": "Carts",
            "KeyAttributes": {"PartitionKey": {"AttributeName": "cartId", "AttributeType": "S"}},
        }
    ],
}
KINDS: dict[str, Any] = {
    "request": REQUEST,
    "list": [REQUEST],
    "describe-table": {"Table": REQUEST},
    "create-table": {"TableDescription": REQUEST},
    "list-of-descriptions": [{"Table": REQUEST}],
    "tables": {"Tables": [REQUEST]},
    "template": TEMPLATE,
    "resources-without-wrapper": RESOURCES,
    "get-template": {"TemplateBody": TEMPLATE, "StagesAvailable": ["Original"]},
    "get-template-as-text": {"TemplateBody": json.dumps(TEMPLATE)},
    "workbench": MODEL,
}


@pytest.mark.parametrize("content", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize(
    "name, encoding",
    [
        ("t.json", "utf-8"),
        ("t.json", "utf-8-sig"),
        ("t.json", "utf-16"),
        ("t.yaml", "utf-8"),
        ("t.template", "utf-16"),
        ("T.YML", "utf-8"),
    ],
)
def test_every_kind_of_file(tmp_path: Path, name: str, encoding: str, content: Any) -> None:
    """One table, in every form that tools print it and every encoding that shells write."""
    (tmp_path / name).write_text(json.dumps(content, indent="\t"), encoding=encoding)

    assert tuple(load(name, tmp_path)) == (CARTS,)


def test_a_serverless_file(tmp_path: Path) -> None:
    """The resources of a serverless.yml, with its variables resolved."""
    (tmp_path / "serverless.yml").write_text(json.dumps(SERVERLESS))

    assert load("serverless.yml", tmp_path).names == ("Carts-7",)


def test_a_serverless_variable_leads_to_the_packaged_template(tmp_path: Path) -> None:
    """A variable that only the framework resolves is named, with the way round it."""
    text = json.dumps(SERVERLESS).replace("self:custom.number", "ssm:/shop/number")
    (tmp_path / "serverless.yml").write_text(text)

    with pytest.raises(OsemError) as caught:
        load("serverless.yml", tmp_path)

    assert "${ssm:/shop/number}" in caught.value.message
    assert "serverless package" in caught.value.remediation
    named = Context(parameters={"ssm:/shop/number": "9"})
    assert load("serverless.yml", tmp_path, named).names == ("Carts-9",)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with tables in several files, and a module."""
    (tmp_path / "tables").mkdir()
    for name in ("Orders", "Carts"):
        request = json.dumps({**REQUEST, "TableName": name})
        (tmp_path / "tables" / f"{name.lower()}.json").write_text(request)
    both = "\n---\n".join(json.dumps({**REQUEST, "TableName": name}) for name in ("One", "Two"))
    (tmp_path / "both.yaml").write_text(both)
    (tmp_path / "several_sources.py").write_text(f"TABLES = [{REQUEST | {'TableName': 'Own'}}]\n")
    return tmp_path


@pytest.mark.parametrize(
    "sources, names",
    [
        (["tables/orders.json", "tables/carts.json"], ("Orders", "Carts")),
        (["tables/*.json"], ("Carts", "Orders")),
        (["**/*.json"], ("Carts", "Orders")),
        ("tables/[co]*.json", ("Carts", "Orders")),
        ("both.yaml", ("One", "Two")),
        (["several_sources:TABLES", "both.yaml"], ("Own", "One", "Two")),
    ],
)
def test_several_sources(project: Path, sources: Any, names: tuple[str, ...]) -> None:
    """Tables come in the order of the sources; files of a pattern in that of their names."""
    assert load(sources, project).names == names


@pytest.mark.parametrize(
    "sources, words",
    [
        (["tables/*.json", "tables/carts.json"], ["'Carts' is declared twice: in ", "carts.json"]),
        (["both.yaml", "both.yaml"], ["'One' is declared twice"]),
        (["tables/*.toml"], ["tables/*.toml matches no file in"]),
        (["main.tf"], ["main.tf: it is Terraform's HCL", "inv db.import"]),
        (["src/model.ts"], ["it is TypeScript", "cdk.out/*.template.json"]),
        (["jest-dynamodb-config.cjs"], ["it is JavaScript", "as JSON"]),
        (["shop.py"], ["it is a Python module", "Set osem.tables to package.module:NAME"]),
        (["absent.json", "none.yaml"], ["absent.json: it cannot", "none.yaml: it cannot"]),
    ],
)
def test_sources_that_do_not_fit(project: Path, sources: list[str], words: list[str]) -> None:
    """All problems of all files come at once; nothing is declared twice in silence."""
    with pytest.raises(OsemError) as caught:
        load(sources, project)

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    text = f"{caught.value.message}\n{caught.value.remediation}"
    assert all(part in text for part in words)


@pytest.mark.parametrize("around", ["Table", "TableDescription", "Tables", "tables"])
def test_what_stands_around_tables(tmp_path: Path, around: str) -> None:
    """Answers of the AWS CLI and lists of tables have members that declare nothing."""
    inside = [REQUEST] if around.endswith("s") else REQUEST
    content = {around: inside, "ResponseMetadata": {}, "port": 8000, "Seeds": []}
    (tmp_path / "t.json").write_text(json.dumps(content))

    assert load("t.json", tmp_path).names == (REQUEST["TableName"],)


@pytest.mark.parametrize("around", ["Table", "TableDescription", "Tables", "tables"])
@pytest.mark.parametrize("lost", ["GlobalSecondaryIndexes", "Tags", "Replicas"])
def test_a_property_beside_the_table_is_not_lost(tmp_path: Path, around: str, lost: str) -> None:
    """A property that stands outside the table is refused with the place where it belongs."""
    inside = [REQUEST] if around.endswith("s") else REQUEST
    (tmp_path / "t.json").write_text(json.dumps({around: inside, lost: []}))

    with pytest.raises(OsemError, match=f"line 1: {lost} belongs into {around}"):
        load("t.json", tmp_path)


@pytest.mark.parametrize(
    "content, words",
    [
        ({"version": 4, "terraform_version": "1.9.0", "resources": []}, "Terraform's state"),
        ({"TemplateBody": "a: ["}, "TemplateBody: "),
        ({"TemplateBody": ""}, "TemplateBody must hold one template"),
        ({}, "a mapping of nothing is no table as CreateTable has it; the file must hold"),
        ([{"LogicalResourceId": "Carts"}], "a mapping of 'LogicalResourceId' is no table"),
        ({"Table": {"KeySchema": []}}, "table 1: TableName is missing"),
        ("text", "must hold a table, a list of tables"),
    ],
)
def test_contents_that_declare_nothing(tmp_path: Path, content: Any, words: str) -> None:
    """A file of another kind is recognized, or what it lacks is said."""
    (tmp_path / "t.json").write_text(json.dumps(content))

    with pytest.raises(OsemError) as caught:
        load("t.json", tmp_path)

    assert words in caught.value.message
