"""A project whose tables are a template: its parameters, and what the suite does not manage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv, Run

TEMPLATE = """
Parameters:
  Stage: {Type: String}
  Owner: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/owner}
Resources:
  Carts:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub '${AWS::StackName}-${Stage}-${AWS::Region}-Carts'
      ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}
      AttributeDefinitions: [{AttributeName: cartId, AttributeType: S}]
      KeySchema: [{AttributeName: cartId, KeyType: HASH}]
      ResourcePolicy: {PolicyDocument: {}}
      Tags: [{Key: Owner, Value: !Ref Owner}]
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: dynamodb
      ResourceId: !Sub 'table/${Carts}'
      ScalableDimension: dynamodb:table:ReadCapacityUnits
"""
PARAMETERS = '  parameters: {Stage: "{env}", "AWS::StackName": shop}\n'


@pytest.fixture
def project(tmp_path: Path, inv: Inv, prefix: str) -> Any:
    """Write the template and `invoke.yaml`; return a call of `inv` that reads them."""
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    configuration = tmp_path / "shop.yaml"

    def call(task: str, *words: str, parameters: str = PARAMETERS) -> Run:
        text = f"osem:\n  tables: {tmp_path / 't.yaml'}\n  prefix: '{prefix}'\n{parameters}"
        configuration.write_text(text, encoding="utf-8")
        return inv.plain("-f", str(configuration), task, *words, "--endpoint", inv.endpoint)

    return call


def test_a_template_is_set_up_and_verified(project: Any, engine: Engine, prefix: str) -> None:
    """Names follow the environment and the target; capacity that scales is not judged."""
    name = f"{prefix}shop-local-us-east-1-Carts"
    done = project("db.setup")
    units = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 5}
    engine.client().update_table(TableName=name, ProvisionedThroughput=units)  # type: ignore[arg-type]

    verified = project("db.verify", "--json")

    assert done.code == 0
    assert done.out.count(f"not managed here: ResourcePolicy of {name}") == 1
    assert (verified.code, verified.error) == (0, None)
    (check,) = verified.document["data"]["checks"]
    assert [fact["path"] for fact in check["notJudged"]] == ["read_capacity"]
    listed = verified.document["data"]["notManaged"]
    assert [entry["path"] for entry in listed] == ["ResourcePolicy", "Tags[Owner].Value"]


def test_what_is_not_managed_fails_a_strict_check(project: Any) -> None:
    """--strict counts what nothing here checks."""
    project("db.setup")

    strict = project("db.verify", "--strict", "--json")

    assert (strict.code, strict.error) == (1, "SCHEMA_VALIDATION_FAILED")


def test_a_parameter_that_is_missing_names_itself(project: Any) -> None:
    """The error names line, resource, property and parameter, the remedy what to write."""
    done = project("db.verify", "--json", parameters="")

    error = done.document["error"]
    assert (done.code, error["code"]) == (1, "INVALID_CONFIGURATION")
    assert "line 9: resource 'Carts': TableName: parameter 'Stage' has no value" in error["message"]
    assert 'osem: {parameters: {Stage: "VALUE"}}' in error["remediation"]


def test_an_export_names_what_it_leaves_out(project: Any) -> None:
    """What is not managed here is not in the exported document, and stderr says so."""
    done = project("db.export")

    assert done.code == 0
    assert "ResourcePolicy" not in done.out
    assert "Not exported, because it is not managed here: ResourcePolicy of " in done.err
    words = "osem.ignore must name them: "
    assert words in done.err
    assert ".read_capacity" in done.err.partition(words)[2]
