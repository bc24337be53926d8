"""The remedies of a refused declaration: what they tell to write or to type works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config.environments import BUILT_IN, configured
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.declarations.context import Context
from osem_tasks.declarations.load import load
from osem_tasks.declarations.resources import read_resources
from osem_tasks.errors import ModelError

PARAMETERS: dict[str, Any] = {
    "plain": {"Type": "String"},
    "allowed": {"Type": "String", "AllowedValues": ["dev", "prod"]},
    "allowed-numbers": {"Type": "Number", "AllowedValues": [5, 10]},
    "allowed-flag": {"Type": "String", "AllowedValues": [True, False]},
    "number": {"Type": "Number"},
    "least": {"Type": "Number", "MinValue": 3},
    "numbers": {"Type": "List<Number>"},
    "words": {"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]},
    "quotes": {"Type": "String", "AllowedValues": ['a"b: {c}']},
    "stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/name"},
}


def template(name: Any, **sections: Any) -> dict[str, Any]:
    """A template with one table whose owner's tag depends on nothing, and its name on ``name``."""
    properties = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    table = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    return {**sections, "Resources": {"Carts": table}}


def refused(content: dict[str, Any], context: Context | None = None) -> ModelError:
    """The error of a template."""
    with pytest.raises(ModelError) as caught:
        read_resources(content, context or Context())
    return caught.value


def written(remedy: str) -> dict[str, str]:
    """The parameters that a remedy tells to write, read as invoke.yaml is."""
    before, _, _ = remedy.removeprefix("Write into invoke.yaml: ").partition("   (or under")
    parameters = yaml.safe_load(before)["osem"]["parameters"]
    return {name: value.replace("{env}", "local") for name, value in parameters.items()}


@pytest.mark.parametrize("declared", PARAMETERS.values(), ids=PARAMETERS)
def test_the_parameters_to_write_are_accepted(declared: dict[str, Any]) -> None:
    """A missing parameter is given as the remedy says, and then the template is read."""
    asked = {"Fn::Equals": [{"Fn::Sub": "${P}"}, "x"]}
    if declared["Type"] in ("CommaDelimitedList", "List<Number>"):
        asked = {"Fn::Equals": [{"Fn::Join": ["", {"Ref": "P"}]}, "x"]}
    name = {"Fn::If": ["Asked", "one", "two"]}
    content = template(name, Parameters={"P": declared}, Conditions={"Asked": asked})

    given_by_remedy = written(refused(content).remediation)

    tables = read_resources(content, Context(parameters=given_by_remedy)).tables
    assert [table.name for table in tables] == ["two"]


@given(
    st.sets(st.sampled_from(["Stage", "Team", "AWS::StackName", "AWS::AccountId"]), min_size=1),
)
def test_every_missing_value_is_in_one_line(names: set[str]) -> None:
    """All values that are missing are written at once, pseudo parameters too."""
    declared = {name: {"Type": "String"} for name in names if "::" not in name}
    text = "-".join(f"${{{name}}}" for name in sorted(names))
    content = template({"Fn::Sub": text}, Parameters=declared)

    parameters: dict[str, str] = {}
    # AWS's own values are found missing once the template's are given.
    for _ in names:
        try:
            found = read_resources(content, Context(parameters=parameters))
        except ModelError as error:
            parameters |= written(error.remediation)
        else:
            break
    else:
        found = read_resources(content, Context(parameters=parameters))

    assert set(parameters) == names
    assert len(found.tables) == 1


@pytest.mark.parametrize(
    "name",
    [
        {"Fn::GetAtt": ["Api", "ApiId"]},
        {"Fn::Sub": "carts-${Api.ApiId}"},
        {"Fn::ImportValue": "name"},
        {"Ref": "Api"},
        "{{resolve:ssm:/shop/name}}",
        {"Fn::Join": ["-", ["a", {"Fn::GetAtt": "Api.ApiId"}]]},
    ],
)
def test_what_only_aws_knows_leads_to_the_live_table(name: Any) -> None:
    """A name that AWS makes up is in no file: the remedy is to declare the live table."""
    content = template(name)
    content["Resources"]["Api"] = {"Type": "AWS::AppSync::GraphQLApi"}

    error = refused(content, Context(importing="ops db.import"))

    assert "is known to AWS only" in error.message
    assert error.remediation.startswith("Declare the tables as they are on AWS: ops db.import,")


def test_several_kinds_of_problems_have_all_their_remedies(tmp_path: Path) -> None:
    """A remedy per kind, each of them once, over all files."""
    both = template({"Fn::Sub": "${Api.ApiId}"}, Parameters={"P": {"Type": "String"}})
    both["Resources"]["Orders"] = template({"Ref": "P"})["Resources"]["Carts"]
    both["Resources"]["Api"] = {"Type": "AWS::AppSync::GraphQLApi"}
    (tmp_path / "t.json").write_text(json.dumps(both))
    (tmp_path / "main.tf").write_text("")

    with pytest.raises(ModelError) as caught:
        load(["t.json", "main.tf"], tmp_path)

    remedy = caught.value.remediation
    assert remedy.startswith("Write into invoke.yaml: osem: {parameters: {P:")
    assert remedy.count(". Or: Declare the tables as they are on AWS: inv db.import") == 1


@pytest.mark.parametrize(
    "environment, there", [("local", "--env ENV "), ("dev", "--env dev "), ("prod", "--env prod ")]
)
def test_live_tables_are_imported_from_aws(environment: str, there: str) -> None:
    """The command reads the environment of the task, but never an engine without tables."""
    target = resolve(BUILT_IN[environment], TargetOptions(), {})

    command = target.context().importing

    assert "db.import" in command
    assert there in command
    assert command.endswith("--from-table NAME --output tables.json")


def test_a_missing_key_of_a_mapping_shows_the_known_ones() -> None:
    """An environment that a template does not provide for is seen at once."""
    find = {"Fn::FindInMap": ["ByStage", "local", "name"]}
    names = {"dev": {"name": "a"}, "prod": {"name": "b"}, None: {}}
    error = refused(template(find, Mappings={"ByStage": names}))

    assert "['ByStage', 'local', 'name']; known are dev, prod" in error.message


def loaded(folder: Path, given: dict[str, str], *sources: dict[str, Any]) -> tuple[str, ...]:
    """The names of the tables of several files, under given parameters."""
    names = [f"{position}.json" for position in range(len(sources))]
    for name, content in zip(names, sources, strict=True):
        (folder / name).write_text(json.dumps(content))
    return load(names, folder, Context(parameters=given)).names


STAGE = {"Stage": {"Type": "String", "Default": "dev"}}


@pytest.mark.parametrize(
    "given_name, sections, known",
    [
        ("Stge", {"Parameters": STAGE}, "Stage"),
        ("stage", {"Parameters": STAGE}, "Stage"),
        ("Stge", {"Parameters": {"Stage": {"Type": "String"}}}, "Stage"),
        ("AWS::StackNam", {}, "AWS::StackName"),
    ],
)
def test_a_misspelt_parameter_is_named(
    tmp_path: Path, given_name: str, sections: dict[str, Any], known: str
) -> None:
    """A given value that no file asks for, and a parameter of nearly that name, do not fit."""
    name = {"Ref": "Stage"} if sections else "Carts"

    with pytest.raises(ModelError) as caught:
        loaded(tmp_path, {given_name: "x"}, template(name, **sections))

    words = f"osem.parameters.{given_name} is not a parameter of the template; did you mean"
    assert f"{words} {known!r}?" in caught.value.message


@pytest.mark.parametrize(
    "other, given_name",
    [
        (template({"Ref": "StageName"}, Parameters={"StageName": {"Type": "String"}}), "StageName"),
        (template({"Ref": "Stages"}, Parameters={"Stages": STAGE["Stage"]}), "Stages"),
        (
            {"service": "x", "provider": {}, "resources": template("${opt:stage}")},
            "stage",
        ),
        (
            {"service": "x", "provider": {}, "resources": template("${env:STAGES}")},
            "STAGES",
        ),
    ],
)
def test_a_parameter_of_another_file_is_no_misspelling(
    tmp_path: Path, other: dict[str, Any], given_name: str
) -> None:
    """``osem.parameters`` serves all files: a name like one of another template is right."""
    first = template({"Fn::Sub": "carts-${Stage}"}, Parameters=STAGE)

    assert loaded(tmp_path, {given_name: "own"}, first, other) == ("carts-dev", "own")


def test_a_parameter_like_one_of_aws_is_no_misspelling(tmp_path: Path) -> None:
    """The names of AWS's own parameters are not what a project's parameters are meant to be."""
    assert loaded(tmp_path, {"PartitionKeyName": "id"}, template("Carts")) == ("Carts",)


def test_the_parameters_of_the_page_reach_both_kinds_of_files(tmp_path: Path) -> None:
    """The example in docs/own-tables.md gives a template and a serverless.yml what they ask for."""
    page = (Path(__file__).parents[3] / "docs" / "own-tables.md").read_text(encoding="utf-8")
    (text,) = [block for block in page.split("```") if "AWS::StackName:" in block]
    example = yaml.safe_load(text.removeprefix("yaml"))["osem"]
    declared, _ = configured({"prod": example["environments"]["prod"], "dev": {}})
    common = {name: value.replace("{env}", "dev") for name, value in example["parameters"].items()}
    own = {**common, **declared["prod"].parameters}
    stack = template(
        {"Fn::Sub": "${AWS::StackName}-${Stage}"}, Parameters={"Stage": {"Type": "String"}}
    )
    other = {"service": "x", "provider": {}, "resources": template("${sls:stage}-${opt:stage}")}

    assert loaded(tmp_path, common, stack, other) == ("shop-dev-dev", "dev-dev")
    assert loaded(tmp_path, own, stack, other)[0] == "shop-dev-production"
