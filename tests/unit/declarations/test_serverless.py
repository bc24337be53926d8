"""The resources of a serverless.yml: which variables have a value, and which do not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.load import load
from osem_tasks.declarations.serverless import is_serverless, template
from osem_tasks.declarations.values import Unknown
from osem_tasks.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.schema.model import TableSet

FILE = """
service: shop
provider: {name: aws, stage: "${opt:stage, 'dev'}", region: eu-west-1}
custom:
  deep: {of: {dev: small, prod: large}}
  list: [a, b]
  name: carts-${self:provider.stage}
  flag: true
  number: 7
  loop: ${self:custom.pool}
  pool: ${self:custom.loop}
  twin: ${self:custom.name}${self:custom.name}
  table: {Type: AWS::DynamoDB::Table}
resources:
  Resources: {T: {Type: x, V: VALUE}}
"""
RESOLVED = {
    "${self:service}": "shop",
    "${self:custom.name}": "carts-dev",
    "${self:provider.stage}": "dev",
    "${sls:stage}": "dev",
    "${self:custom.deep.of.${self:provider.stage}}": "small",
    "${self:custom.deep.of.${opt:stage, 'prod'}}": "large",
    "${self:custom.list.1}": "b",
    "${self:custom.flag}": True,
    "${self:custom.number}": 7,
    "v${self:custom.number}-${self:custom.flag}": "v7-true",
    "${self:custom.nothing, 'x, y'}": "x, y",
    "${self:custom.nothing, self:custom.also, 5}": 5,
    "${opt:stage, self:provider.region}": "eu-west-1",
    "${self:custom.nothing, ''}": "",
    "${self:custom.table}": {"Type": "AWS::DynamoDB::Table"},
    "${aws:region}": "us-east-1",
    "${ self:service }": "shop",
    '${param:unknown, "it\'s"}': "it's",
    "${self:custom.twin}": "carts-devcarts-dev",
    "${strToBool(x), 'no'}": "no",
    # CloudFormation's own are left to it.
    "${AWS::Region}-${Name}": "${AWS::Region}-${Name}",
    "${!self}": "${!self}",
}
UNRESOLVED = {
    "${opt:stage}": "the variable ${opt:stage} has no value here",
    "a-${self:custom.nothing}": "${self:custom.nothing} has no value",
    "${self:custom.loop}": "refers to itself",
    "${ssm:/shop/name}": "${ssm:/shop/name} has no value",
    "${cf(eu-west-1):stack.Output}": "has no value",
    "${env:HOME}": "${env:HOME} has no value",
    "${file(" + "a" * 500 + ".yml)}": "has no value",
    "${file(a\0b.yml)}": "has no value",
    "${file(x.js):a}": "${file(x.js)} is not a YAML or JSON file",
    "a${self:custom.list}": "is ['a', 'b'], which is no part of a text",
    "${self:custom.name": "has no end",
}


def read(value: str, folder: Path, context: Context | None = None) -> Any:
    """The value of one property of a file that holds it."""
    content = yaml.safe_load(FILE)
    content["resources"]["Resources"]["T"]["V"] = value
    made, _ = template(content, folder, context or Context(region="us-east-1"))
    return made["Resources"]["T"]["V"]


def named(name: Any, **properties: Any) -> dict[str, Any]:
    """A table of the template."""
    request = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        **properties,
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": request}


def declared(content: Any, folder: Path) -> TableSet:
    """The tables of a serverless.yml with that content."""
    (folder / "serverless.yml").write_text(yaml.safe_dump(content))
    return load("serverless.yml", folder)


def refused(content: Any, folder: Path) -> ModelError:
    """The error of a serverless.yml with that content."""
    with pytest.raises(ModelError) as caught:
        declared(content, folder)
    return caught.value


@pytest.mark.parametrize("value, expected", RESOLVED.items(), ids=list(RESOLVED))
def test_variables_with_a_value(tmp_path: Path, value: str, expected: Any) -> None:
    """What the file and the target tell is resolved, in texts and as whole values."""
    assert read(value, tmp_path) == expected


@pytest.mark.parametrize("value, words", UNRESOLVED.items(), ids=list(UNRESOLVED))
def test_variables_without_a_value(tmp_path: Path, value: str, words: str) -> None:
    """What only the framework knows is named, with the way to the packaged template."""
    content = yaml.safe_load(FILE)
    content["resources"]["Resources"] = {"Carts": named(value)}

    error = refused(content, tmp_path)

    (problem,) = error.problems
    assert words in problem
    assert "resource 'Carts': TableName: " in problem
    assert "serverless package" in error.remediation


@pytest.mark.parametrize("value", UNRESOLVED)
def test_variables_without_a_value_stop_only_where_a_table_depends_on_them(
    tmp_path: Path, value: str
) -> None:
    """Other resources, outputs and other facts of a table do not stop a declaration."""
    content = yaml.safe_load(FILE)
    tagged = named("Carts", Tags=[{"Key": "Team", "Value": value}], TableClass=value)
    content["resources"] = {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": value, value: 1}},
            "Carts": {**tagged, "DeletionPolicy": value},
        },
        "Outputs": {"Name": value},
        "extensions": {"RoleLambda": value},
    }

    (table,) = declared(content, tmp_path).tables

    paths = {path for path, _ in table.unmanaged}
    assert (table.name, paths) == ("Carts", {"TableClass", "Tags[Team].Value"})


@pytest.mark.parametrize(
    "resources, words",
    [
        ({"Resources": "${ssm:/x}"}, "resources.Resources: the variable ${ssm:/x}"),
        ({"Resources": {"A": "${ssm:/x}"}}, "resource 'A': the variable ${ssm:/x}"),
        ({"Resources": {"A": {"Type": "${ssm:/x}"}}}, "resource 'A': Type: the variable"),
        ({"Resources": {"A": {"${ssm:/x}": "Type"}}}, "resource 'A': the variable"),
        ({"Resources": {"${ssm:/x}": {"Type": "T"}}}, "resources.Resources: the variable"),
        (
            {"Resources": {"A": {"Type": "AWS::DynamoDB::Table", "Properties": "${ssm:/x}"}}},
            "resource 'A': the variable ${ssm:/x}",
        ),
        ({"Resources": {}, "Conditions": "${ssm:/x}"}, "resources.Conditions: the variable"),
        ([{"Resources": {}}, "${ssm:/x}"], "resources: the variable ${ssm:/x}"),
    ],
)
def test_a_variable_that_may_hide_a_table_stops(tmp_path: Path, resources: Any, words: str) -> None:
    """What may be a table, or decides whether there is one, is never passed over."""
    error = refused({"service": "x", "provider": {}, "resources": resources}, tmp_path)

    assert any(words in problem for problem in error.problems)
    assert 'osem: {parameters: {"ssm:/x": "VALUE"}}' in error.remediation


@pytest.mark.parametrize(
    "part, there",
    [
        ({"Condition": "Unknown"}, "whether the table exists is not known: the variable"),
        ({"Condition": "${env:X}"}, "whether the table exists is not known: the variable"),
        ({"Properties": {"TableName": {"Fn::Sub": "${env:X}"}}}, "TableName: the variable"),
        ({"Properties": {"TableName": {"Fn::If": ["${env:X}", "a", "b"]}}}, "TableName: condition"),
        ({"Properties": {"TableName": {"Ref": "${env:X}"}}}, "TableName: the variable"),
        ({"Properties": {"TableName": {"Fn::Join": ["-", ["a", "${env:X}"]]}}}, "TableName: the"),
    ],
)
def test_functions_of_unknown_variables(tmp_path: Path, part: Any, there: str) -> None:
    """A function or a condition of an unknown variable is unknown, not malformed."""
    table = named("Carts")
    table = {**table, **part, "Properties": {**table["Properties"], **part.get("Properties", {})}}
    conditions = {"Unknown": {"Fn::Equals": ["${env:X}", "a"]}}
    resources = {"Resources": {"Carts": table}, "Conditions": conditions}

    error = refused({"service": "x", "provider": {}, "resources": resources}, tmp_path)

    (problem,) = error.problems
    assert there in problem
    assert "${env:X} has no value here" in problem


def test_the_line_of_a_problem_is_that_of_the_file(tmp_path: Path) -> None:
    """A problem within ``resources`` has its line in the serverless.yml."""
    text = """service: shop
provider: {name: aws}
resources:
  Resources:
    Carts:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${opt:name}
"""
    (tmp_path / "serverless.yml").write_text(text)

    with pytest.raises(ModelError) as caught:
        load("serverless.yml", tmp_path)

    assert "serverless.yml: line 8: resource 'Carts': TableName: " in caught.value.message


@pytest.mark.parametrize("stage, expected", [({}, "small"), ({"stage": "prod"}, "large")])
@pytest.mark.parametrize(
    "section",
    [
        {"params": {"default": {"size": "small"}, "prod": {"size": "large"}}},
        {
            "stages": {
                "default": {"params": {"size": "small"}},
                "prod": {"params": {"size": "large"}},
            }
        },
    ],
)
def test_parameters_of_a_stage(
    tmp_path: Path, section: Any, stage: dict[str, str], expected: str
) -> None:
    """The file's own parameters count, those of the stage first."""
    content = {**yaml.safe_load(FILE), **section}
    content["resources"]["Resources"]["T"]["V"] = "${param:size}"

    made, _ = template(content, tmp_path, Context(parameters=stage))

    assert made["Resources"]["T"]["V"] == expected


def test_many_loops_leave_other_variables_alone(tmp_path: Path) -> None:
    """However many variables refer to themselves, the others have their values."""
    content = yaml.safe_load(FILE)
    queues = {f"Q{n}": {"Type": "AWS::SQS::Queue", "N": "${self:custom.loop}"} for n in range(40)}
    content["resources"] = {"Resources": {**queues, "Carts": named("${self:custom.name}")}}

    assert declared(content, tmp_path).names == ("carts-dev",)


@pytest.mark.parametrize("value", ["${ssm:/x, 'y'}", "${cf:a.B, 'y'}", "${s3:b/k, 'y'}"])
def test_the_default_of_a_value_elsewhere_is_not_its_value(tmp_path: Path, value: str) -> None:
    """A value in AWS is not known here, even if the file has another for want of it."""
    assert isinstance(read(value, tmp_path), Unknown)


@pytest.mark.parametrize(
    "parameters, value, expected",
    [
        ({"stage": "prod"}, "${self:custom.name}", "carts-prod"),
        ({"stage": "prod"}, "${sls:stage}", "prod"),
        ({"opt:stage": "qa"}, "${opt:stage, 'dev'}", "qa"),
        ({"env:TEAM": "x"}, "${env:TEAM}", "x"),
        ({"TEAM": "x"}, "${env:TEAM}", "x"),
        ({"limit": "3"}, "${param:limit, 1}", "3"),
    ],
)
def test_parameters_give_values(
    tmp_path: Path, parameters: dict[str, str], value: str, expected: Any
) -> None:
    """``osem.parameters`` stands for the framework's options, variables and parameters."""
    assert read(value, tmp_path, Context(parameters=parameters)) == expected


def test_other_files_and_lists_of_resources(tmp_path: Path) -> None:
    """Resources come from several mappings and files, relative to the serverless.yml."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "carts.yml").write_text("Resources: {A: {Type: x, N: !Ref P}}\n")
    (tmp_path / "more.json").write_text('{"deep": {"B": {"Type": "${sls:stage}"}}}')
    content = {
        "service": "shop",
        "provider": {"name": "aws"},
        "resources": [
            "${file(tables/carts.yml)}",
            {"Resources": "${file(./more.json):deep}", "Conditions": {"C": True}},
        ],
    }

    made, _ = template(content, tmp_path, Context())

    assert made["Resources"] == {"A": {"Type": "x", "N": {"Ref": "P"}}, "B": {"Type": "dev"}}
    assert made["Conditions"] == {"C": True}


@pytest.mark.parametrize(
    "resources, words",
    [
        (None, "without 'resources'"),
        ("text", "resources must be a mapping or a list of mappings"),
        ([{"Resources": {"A": {}}}, {"Resources": {"A": {}}}], "'A' appears twice"),
        ("${file(gone.yml)}", "has no value here"),
        ([{"Resources": {}}, "${file(gone.yml)}"], "has no value here"),
    ],
)
def test_resources_that_cannot_be_read(tmp_path: Path, resources: Any, words: str) -> None:
    """One sentence says what is wrong."""
    content = {"service": "shop", "provider": {}, "resources": resources}

    with pytest.raises(ModelError) as caught:
        template(content, tmp_path, Context())

    assert words in caught.value.problems[0]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A file that a variable includes is named with its own problem."""
    (tmp_path / "t.yml").write_text("a: [")
    content = {"service": "x", "provider": {}, "resources": "${file(t.yml)}"}

    with pytest.raises(ModelError, match=r"t\.yml: it cannot be parsed"):
        template(content, tmp_path, Context())


def test_variables_that_multiply_end(tmp_path: Path) -> None:
    """Variables that refer to each other twice cannot make endless text or work."""
    for leaf in ("", "x"):
        custom = {f"v{n}": f"${{self:custom.v{n + 1}}}" * 2 for n in range(25)} | {"v25": leaf}
        content = {"service": "x", "provider": {}, "custom": custom}
        content["resources"] = {"Resources": {"A": "${self:custom.v0}"}}

        with pytest.raises(ModelError):
            template(content, tmp_path, Context())


@given(st.text("${}:,'\"() selfopt.x\n", max_size=40))
def test_any_text_is_resolved_or_refused(tmp_path_factory: Any, text: str) -> None:
    """No text of the framework's signs ends in anything but a value or a sentence."""
    with contextlib.suppress(ModelError):
        read(text, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(
    "content, expected",
    [
        ({"service": "x", "provider": {}, "resources": {}}, True),
        ({"service": "x", "functions": {}}, True),
        ({"Resources": {}, "service": "x", "provider": {}}, False),
        ({"TableName": "x"}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_serverless_file_is_recognized(content: Any, expected: bool) -> None:
    """By what the framework's files hold, not by the file's name."""
    assert is_serverless(content) is expected
