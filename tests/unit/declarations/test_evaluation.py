"""Parameters, pseudo parameters, conditions, functions and loops of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.errors import ModelError
from tests.support.documents import read_template
from tests.support.examples import examples
from tests.support.strategies import tables
from tests.support.template_writer import Writer
from tests.unit.declarations.test_cloudformation import template
from tests.unit.declarations.test_documents import ORDERS

if TYPE_CHECKING:
    from osem_tasks.schema.model import Table

PARTS: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "dev"},
        "Areas": {"Type": "CommaDelimitedList", "Default": "north, south"},
        "Sizes": {"Type": "List<Number>", "Default": "1,2"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"},
        "Needed": {"Type": "String"},
        "Zone": {"Type": "AWS::EC2::AvailabilityZone::Name", "Default": "eu-west-1a"},
        "Truth": {"Type": "String", "Default": True},
    },
    "Mappings": {
        "Names": {
            "dev": {"table": "Orders-dev", "list": ["x", "y"]},
            111122223333: {"table": "own"},
        }
    },
    "Conditions": {
        "Dev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "Prod": {"Fn::Not": [{"Condition": "Dev"}]},
        "Either": {"Fn::Or": [{"Condition": "Dev"}, {"Condition": "Unknown"}]},
        "Both": {"Fn::And": [{"Condition": "Prod"}, {"Condition": "Unknown"}]},
        "Unknown": {"Fn::Equals": [{"Fn::ImportValue": "x"}, "y"]},
        "Truth": {"Fn::Equals": [{"Ref": "Truth"}, "true"]},
        "Lists": {"Fn::Equals": [{"Ref": "Areas"}, ["north", "south"]]},
    },
}
CONTEXT = Context(region="cn-north-1", account="111122223333", local=False)


def name_of(value: Any, context: Context = CONTEXT, **parts: Any) -> str:
    """What a table is called whose TableName is this value."""
    (found,) = read_template(
        template({**ORDERS, "TableName": value}, **{**PARTS, **parts}), context
    )
    return found.name


NAMES: dict[str, tuple[Any, str]] = {
    "sub-with-literal": ({"Fn::Sub": ["${Stage}.${x}", {"x": {"Ref": "Stage"}}]}, "dev.dev"),
    "join-of-a-list-parameter": ({"Fn::Join": ["-", {"Ref": "Areas"}]}, "north-south"),
    "join-drops-no-value": (
        {"Fn::Join": ["-", ["abc", {"Ref": "AWS::NoValue"}, "d"]]},
        "abc-d",
    ),
    "join-of-numbers": ({"Fn::Join": ["", ["n", 1, True]]}, "n1true"),
    "select": ({"Fn::Select": [1, {"Ref": "Areas"}]}, "south"),
    "select-by-text": ({"Fn::Select": ["0", ["abc", {"Fn::ImportValue": "x"}]]}, "abc"),
    "split": ({"Fn::Select": [2, {"Fn::Split": ["/", "a/b/cde"]}]}, "cde"),
    "find": ({"Fn::FindInMap": ["Names", {"Ref": "Stage"}, "table"]}, "Orders-dev"),
    "find-by-number": ({"Fn::FindInMap": ["Names", {"Ref": "AWS::AccountId"}, "table"]}, "own"),
    "find-default": (
        {"Fn::FindInMap": ["Names", "qa", "table", {"DefaultValue": {"Fn::Sub": "${Stage}-d"}}]},
        "dev-d",
    ),
    "find-list": (
        {
            "Fn::Join": [
                "",
                ["a", {"Fn::Select": [1, {"Fn::FindInMap": ["Names", "dev", "list"]}]}, "c"],
            ]
        },
        "ayc",
    ),
    "if": ({"Fn::If": ["Dev", "Orders-1", {"Fn::ImportValue": "x"}]}, "Orders-1"),
    "if-not": ({"Fn::If": ["Prod", {"Ref": "Nobody"}, "Orders-2"]}, "Orders-2"),
    "or-of-unknown": ({"Fn::If": ["Either", "yes-it-is", "no"]}, "yes-it-is"),
    "and-of-unknown": ({"Fn::If": ["Both", "no", "not-both"]}, "not-both"),
    "truth-as-text": ({"Fn::If": ["Truth", "true-is-true", "no"]}, "true-is-true"),
    "equal-lists": ({"Fn::If": ["Lists", "lists", "no"]}, "lists"),
    "length": ({"Fn::Join": ["", ["len", {"Fn::Length": {"Ref": "Sizes"}}]]}, "len2"),
    "base64": ({"Fn::Base64": "abc"}, "YWJj"),
    "region": ({"Ref": "AWS::Region"}, "cn-north-1"),
    "partition": ({"Ref": "AWS::Partition"}, "aws-cn"),
    "suffix": ({"Ref": "AWS::URLSuffix"}, "amazonaws.com.cn"),
    "type-of-aws": ({"Ref": "Zone"}, "eu-west-1a"),
    "number": (12345, "12345"),
    "no-value": ({"Ref": "AWS::NoValue"}, "Orders"),
}


@pytest.mark.parametrize("value, expected", NAMES.values(), ids=list(NAMES))
def test_a_name_is_evaluated(value: Any, expected: str) -> None:
    """Every function gives what CloudFormation gives, as far as the values are known."""
    assert name_of(value) == expected


UNKNOWN: dict[str, tuple[Any, str]] = {
    "attribute": ({"Fn::GetAtt": ["Key", "Arn"]}, "Fn::GetAtt 'Key.Arn' is known to AWS only"),
    "attribute-in-sub": ({"Fn::Sub": "${Key.Arn}"}, "Fn::Sub ${Key.Arn} is known to AWS only"),
    "import": ({"Fn::Sub": ["${a}", {"a": {"Fn::ImportValue": "x"}}]}, "Fn::ImportValue 'x'"),
    "zones": ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "Fn::GetAZs '' is known to AWS only"),
    "stored": ({"Ref": "Stored"}, "the value of SSM parameter 'Stored' is known to AWS only"),
    "stored-in-join": ({"Fn::Join": ["", ["a", {"Ref": "Stored"}]]}, "SSM parameter 'Stored'"),
    "condition": (
        {"Fn::If": ["Unknown", "a", "b"]},
        "condition 'Unknown' is known to AWS only: Fn::ImportValue 'x' is known to AWS only",
    ),
    "stack": ({"Ref": "AWS::StackName"}, "AWS::StackName is known to AWS only"),
    "dynamic": ("{{resolve:ssm:/a}}", "the dynamic reference '{{resolve:ssm:/a}}' is known to"),
    "dynamic-in-sub": ({"Fn::Sub": "{{resolve:ssm:/${Stage}}}"}, "'{{resolve:ssm:/dev}}' is known"),
    "needed": ({"Ref": "Needed"}, "parameter 'Needed' has no value: it has no Default"),
    "no-pseudo": ({"Ref": "AWS::Regoin"}, "no pseudo parameter; did you mean 'AWS::Region'?"),
    "select-beyond": ({"Fn::Select": [2, ["a", "b"]]}, "element 2 of a list of 2"),
    "select-of-text": ({"Fn::Select": [0, "abc"]}, "Fn::Select takes [position, list]"),
    "select-negative": ({"Fn::Select": [-1, ["a"]]}, "Fn::Select takes [position, list]"),
    "split-of-list": ({"Fn::Split": ["/", ["a"]]}, "Fn::Split takes [delimiter, string]"),
    "split-by-nothing": ({"Fn::Split": ["", "a"]}, "Fn::Split takes [delimiter, string]"),
    "length-of-text": ({"Fn::Length": "abc"}, "Fn::Length takes a list, not 'abc'"),
    "json-of-text": ({"Fn::ToJsonString": "a"}, "Fn::ToJsonString takes a list or a mapping"),
    "base64-of-list": ({"Fn::Base64": ["a"]}, "cannot be a part of a string"),
    "if-of-two": ({"Fn::If": ["Dev", "a"]}, "Fn::If takes [condition, value, value]"),
    "if-of-number": ({"Fn::If": [5, "a", "b"]}, "the name of a condition must be a string, not 5"),
    "find-options": (
        {"Fn::FindInMap": ["Names", "a", "b", {"Default": "x"}]},
        "Fn::FindInMap takes {DefaultValue: …}",
    ),
    "list-in-sub": ({"Fn::Sub": "${Areas}"}, "['north', 'south'] cannot be a part of a string"),
    "two-functions": ({"Fn::Sub": "a", "Ref": "b"}, "Fn::Sub cannot stand here"),
    "equals-as-value": ({"Fn::Equals": ["a", "a"]}, "Fn::Equals belongs into Conditions"),
    "literal": ("${Stage}-x", "TableName holds ${Stage}, which is replaced in Fn::Sub only"),
}


@pytest.mark.parametrize("value, words", UNKNOWN.values(), ids=list(UNKNOWN))
def test_a_name_that_is_not_known_stops(value: Any, words: str) -> None:
    """A name depends on nothing that only AWS knows; the message says what that is, and where."""
    with pytest.raises(ModelError) as caught:
        name_of(value)

    assert words in str(caught.value)
    assert "resource 'Orders'" in str(caught.value)


GIVEN: dict[str, tuple[Any, dict[str, str], str]] = {
    "needed": ({"Ref": "Needed"}, {"Needed": "given"}, "given"),
    "over-default": ({"Ref": "Stage"}, {"Stage": "qa1"}, "qa1"),
    "stored": ({"Ref": "Stored"}, {"Stored": "real"}, "real"),
    "list": ({"Fn::Select": [1, {"Ref": "Areas"}]}, {"Areas": "abc,def"}, "def"),
    "stack": ({"Fn::Sub": "${AWS::StackName}"}, {"AWS::StackName": "shop"}, "shop"),
    "region": ({"Ref": "AWS::Region"}, {"AWS::Region": "mars"}, "mars"),
    "condition": ({"Fn::If": ["Prod", "prod", "dev"]}, {"Stage": "prod"}, "prod"),
}


@pytest.mark.parametrize("value, parameters, expected", GIVEN.values(), ids=list(GIVEN))
def test_given_parameters_win(value: Any, parameters: dict[str, str], expected: str) -> None:
    """``osem.parameters`` gives the values of parameters and of pseudo parameters."""
    assert name_of(value, Context(parameters=parameters)) == expected


WRONG: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no-number": (
        {"Stage": "x"},
        {"Type": "Number"},
        "parameter 'Stage' must be a number, not 'x'",
    ),
    "not-allowed": (
        {"Stage": "x"},
        {"AllowedValues": ["dev", 5]},
        "must be one of dev, 5, not 'x'",
    ),
}


@pytest.mark.parametrize("given, declared, words", WRONG.values(), ids=list(WRONG))
def test_a_wrong_parameter_is_refused(
    given: dict[str, str], declared: dict[str, Any], words: str
) -> None:
    """A value that the template does not allow is refused."""
    parts = {**PARTS["Parameters"], "Stage": {"Type": "String", "Default": "dev", **declared}}

    with pytest.raises(ModelError) as caught:
        name_of({"Ref": "Stage"}, Context(parameters=given), Parameters=parts)

    assert words in str(caught.value)


def test_a_parameter_of_another_file_is_no_mistake() -> None:
    """``osem.parameters`` serves several templates: what is no misspelling is passed over."""
    assert name_of({"Ref": "Stage"}, Context(parameters={"Colour": "red"})) == "dev"


CONDITIONS: dict[str, tuple[Any, str]] = {
    "text": ("yes", "condition 'C': it must be one of Fn::Equals, Fn::And, Fn::Or"),
    "itself": ({"Fn::Not": [{"Condition": "C"}]}, "condition 'C' depends on itself"),
    "not-of-two": ({"Fn::Not": [{}, {}]}, "Fn::Not takes a list of one condition"),
    "and-of-one": ({"Fn::And": [{"Condition": "Dev"}]}, "Fn::And takes a list of 2 to 10"),
    "equals-of-three": ({"Fn::Equals": [1, 2, 3]}, "Fn::Equals takes two values"),
    "missing": (
        {"Condition": "Devs"},
        "condition 'Devs' is not in Conditions; did you mean 'Dev'?",
    ),
    "parameter": ({"Fn::Equals": [{"Ref": "Needed"}, "a"]}, "parameter 'Needed' has no value"),
}


@pytest.mark.parametrize("expression, words", CONDITIONS.values(), ids=list(CONDITIONS))
def test_a_malformed_condition_is_named(expression: Any, words: str) -> None:
    """A condition that cannot be evaluated is named, whoever uses it."""
    conditions = {**PARTS["Conditions"], "C": expression}

    with pytest.raises(ModelError) as caught:
        name_of({"Fn::If": ["C", "abc", "def"]}, Conditions=conditions)

    assert words in str(caught.value)


def test_a_chain_of_conditions_ends() -> None:
    """Conditions that fan out to others are evaluated once each, and a long chain is refused."""
    wide: dict[str, Any] = {
        f"C{n}": {"Fn::And": [{"Condition": f"C{n + 1}"}] * 10} for n in range(20)
    }
    wide["C20"] = {"Fn::Equals": ["a", "a"]}
    deep: dict[str, Any] = {
        f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(2_000)
    }

    assert name_of({"Fn::If": ["C0", "abc", "def"]}, Conditions=wide) == "abc"
    wide["C20"] = {"Fn::Equals": ["a"]}
    for conditions in (deep, wide):
        with pytest.raises(ModelError):
            name_of({"Fn::If": ["C0", "abc", "def"]}, Conditions=conditions)


def loop(collection: Any, output: Any, identifier: Any = "A") -> Any:
    """A loop."""
    return [identifier, collection, output]


TABLE_OF_A = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {**ORDERS, "TableName": {"Fn::Sub": "Orders-${A}"}},
}


def looped(resources: dict[str, Any]) -> list[str]:
    """The names of the tables of a template with these resources."""
    return [table.name for table in read_template({**PARTS, "Resources": resources})]


def test_loops_stand_for_tables() -> None:
    """ForEach works on lists and parameters, in names and properties, nested, with & and $."""
    inner = {"Type": "AWS::DynamoDB::Table", "Properties": {**ORDERS, "TableName": "${A}-${B}"}}

    assert looped({"Fn::ForEach::X": loop({"Ref": "Areas"}, {"T${A}": TABLE_OF_A})}) == [
        "Orders-north",
        "Orders-south",
    ]
    assert looped(
        {
            "Fn::ForEach::X": loop(
                ["aa", "bb"], {"Fn::ForEach::Y": loop([1], {"T${A}${B}": inner}, "B")}
            )
        }
    ) == ["aa-1", "bb-1"]
    named = {"Type": "AWS::DynamoDB::Table", "Properties": {**ORDERS, "TableName": {"Ref": "A"}}}
    assert looped({"Fn::ForEach::X": loop(["a.b", "c-d"], {"T&{A}": named})}) == ["a.b", "c-d"]


LOOPS: dict[str, tuple[Any, str]] = {
    "two-parts": (["A", ["x"]], "Fn::ForEach takes [identifier, collection, {key: value}]"),
    "text": ("A", "Fn::ForEach takes [identifier, collection, {key: value}]"),
    "number": (loop(["x"], {}, 5), "its identifier must be letters and digits, not 5"),
    "no-list": (loop("x", {}), "its collection must be a list, not 'x'"),
    "mapping-in-list": (loop([{"a": 1}], {}), "its collection must hold strings"),
    "unknown": (
        loop([{"Ref": "Stored"}], {}),
        "its collection is not known here: the value of SSM",
    ),
    "needed": (loop([{"Ref": "Needed"}], {}), "parameter 'Needed' has no value"),
    "resource": (loop({"Ref": "Orders"}, {}), "Ref 'Orders' is neither a parameter nor a resource"),
    "same-key": (loop(["x", "y"], {"T": TABLE_OF_A}), "'T' appears twice"),
    "grows": (
        loop(["x" * 1_000] * 100, {"${A}" * 1_000: {}}),
        "stands for more than 4,000,000 char",
    ),
    "many": (loop(["x"] * 500, {"T": [[]] * 500}), "stands for more than 100,000 values"),
}


@pytest.mark.parametrize("argument, words", LOOPS.values(), ids=list(LOOPS))
def test_a_malformed_loop_is_named(argument: Any, words: str) -> None:
    """A loop that cannot be carried out is named by its key, and no loop fills the memory."""
    with pytest.raises(ModelError) as caught:
        looped({"Fn::ForEach::Regional": argument})

    assert words in str(caught.value)
    assert "Fn::ForEach::Regional" in str(caught.value)


def test_a_loop_within_conditions_knows_no_condition() -> None:
    """Conditions may be written by a loop, whose collection cannot depend on them."""
    equal = {"Fn::Equals": [{"Ref": "A"}, "x"]}
    conditions = {"Fn::ForEach::X": loop(["x", "y"], {"Is${A}": equal})}

    assert name_of({"Fn::If": ["Isy", "no", "Isx"]}, Conditions=conditions) == "Isx"
    broken = {"Fn::ForEach::X": loop({"Fn::If": ["Dev", ["a"], ["b"]]}, {"Is${A}": equal})}
    with pytest.raises(ModelError, match="condition 'Dev' is not in Conditions"):
        name_of("Orders", Conditions=broken)


def test_a_loop_of_loops_is_refused_before_it_fills_the_memory() -> None:
    """Ten loops in each other would stand for ten thousand million tables."""
    output: Any = {"T" + "".join(f"${{I{number}}}" for number in range(10)): TABLE_OF_A}
    for number in range(10):
        output = {f"Fn::ForEach::L{number}": loop(list("abcdefghij"), output, f"I{number}")}

    with pytest.raises(ModelError, match="stands for more than 100,000 values"):
        looped(output)


def test_a_reference_to_a_table_is_its_name() -> None:
    """Ref of a table gives the name that it has here, also in the name of another table."""
    second = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {**ORDERS, "TableName": {"Fn::Sub": "${Orders}-old"}},
    }
    found = read_template({"Resources": {**template(ORDERS)["Resources"], "Old": second}})

    assert [table.name for table in found] == ["Orders", "Orders-old"]


@examples(200)
@given(st.lists(tables(), min_size=1, max_size=3, unique_by=lambda table: table.name), st.data())
def test_the_same_template_in_other_words(declared: list[Table], data: st.DataObject) -> None:
    """Parameters, conditions, functions and loops that give the same values give the same tables."""
    plain = write_template(declared)
    worded = data.draw(st.composite(lambda draw: Writer(draw, plain).written())())

    assert read_template(worded) == read_template(plain)
