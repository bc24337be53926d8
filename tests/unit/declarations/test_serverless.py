"""The resources of a serverless.yml: which variables have a value, and which do not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.serverless import is_serverless, template
from osem_tasks.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

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
    "${file(x.js):a}": "${file(x.js)} is not a YAML or JSON file",
    "a${self:custom.list}": "is ['a', 'b'], which is no part of a text",
    "${self:custom.name": "has no end",
}


def read(value: str, folder: Path, context: Context | None = None) -> Any:
    """The value of one property of a file that holds it."""
    content = yaml.safe_load(FILE)
    content["resources"]["Resources"]["T"]["V"] = value
    made = template(content, folder, context or Context(region="us-east-1"))
    return made["Resources"]["T"]["V"]


@pytest.mark.parametrize("value, expected", RESOLVED.items(), ids=list(RESOLVED))
def test_variables_with_a_value(tmp_path: Path, value: str, expected: Any) -> None:
    """What the file and the target tell is resolved, in texts and as whole values."""
    assert read(value, tmp_path) == expected


@pytest.mark.parametrize("value, words", UNRESOLVED.items(), ids=list(UNRESOLVED))
def test_variables_without_a_value(tmp_path: Path, value: str, words: str) -> None:
    """What only the framework knows is named, with the way to the packaged template."""
    with pytest.raises(ModelError) as caught:
        read(value, tmp_path)

    (problem,) = caught.value.problems
    assert words in problem
    assert "serverless package" in problem


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

    made = template(content, tmp_path, Context())

    assert made["Resources"] == {"A": {"Type": "x", "N": {"Ref": "P"}}, "B": {"Type": "dev"}}
    assert made["Conditions"] == {"C": True}


@pytest.mark.parametrize(
    "resources, words",
    [
        (None, "without 'resources'"),
        ("text", "resources must be a mapping or a list of mappings"),
        ([{"Resources": {"A": {}}}, {"Resources": {"A": {}}}], "'A' appears twice"),
        ("${file(gone.yml)}", "has no value here"),
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
