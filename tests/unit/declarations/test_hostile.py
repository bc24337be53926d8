"""Whatever a declaration holds, it gives tables or a clear error: nothing else."""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from osem_tasks.declarations.documents import read_document
from osem_tasks.declarations.load import load
from osem_tasks.errors import ConfigurationError, ErrorCode, ModelError
from osem_tasks.schema.model import Table
from tests.support.documents import (
    DOCUMENTS,
    SCALARS,
    YAML_DOCUMENTS,
    mutated,
    read_template,
    requests,
    templates,
)
from tests.support.examples import examples
from tests.support.strategies import tables

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

# What Python says to a programmer and no user understands.
PYTHON = re.compile(
    r"object (has no|is not|does not)|indices must|unhashable|unpack|NoneType|argument|"
    r"codec|invalid literal|not supported between|Traceback"
)
LONGEST = 1_000


def _is_template(content: object) -> bool:
    return isinstance(content, Mapping) and "Resources" in content


def tables_or_problems(content: Any) -> tuple[Table, ...]:
    """The tables of a content, none where it is refused; other exceptions fail the test."""
    try:
        return read_template(content) if _is_template(content) else read_document(content)
    except ModelError as error:
        in_words(error)
        return ()


def in_words(error: ConfigurationError | ModelError) -> None:
    """The problems are short sentences for a user; what they quote may be anything."""
    assert error.code is ErrorCode.INVALID_CONFIGURATION
    for problem in error.problems:
        assert len(problem) < LONGEST
        assert not PYTHON.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", problem)), problem


@examples(300)
@given(DOCUMENTS | YAML_DOCUMENTS)
@example({"Resources": {"T": {"Type": ["AWS::DynamoDB::Table"]}}})
@example({"Resources": None})
@example({"Tables": {"Tables": {"Table": []}}})
def test_any_document(content: Any) -> None:
    """A random document is read, or refused in words."""
    tables_or_problems(content)


@examples(300)
@given(mutated(requests()) | mutated(templates()))
def test_any_mistake_in_a_sound_document(content: Any) -> None:
    """A sound request or template with a mistake or two is read, or refused in words."""
    tables_or_problems(content)


@examples(150)
@given(
    mutated(requests()) | mutated(templates()) | YAML_DOCUMENTS, st.sampled_from(("json", "yaml"))
)
def test_any_document_in_a_file(content: Any, kind: str) -> None:
    """Written to a file and loaded, a document gives tables or INVALID_CONFIGURATION."""
    text = json.dumps(content) if kind == "json" else yaml.safe_dump(content, sort_keys=False)
    loaded_or_refused(text.encode("utf-8", errors="surrogatepass"), kind)


@examples(200)
@given(
    st.text(st.sampled_from("[]{}:,-&*!<>|?#'\"%@` \n\taRef01.~=\\u")).map(str.encode)
    | st.binary()
    | st.text().map(lambda text: text.encode("utf-16", errors="surrogatepass")),
    st.sampled_from(("json", "yaml")),
)
def test_any_bytes_in_a_file(content: bytes, kind: str) -> None:
    """Rubbish in a file gives INVALID_CONFIGURATION in words."""
    loaded_or_refused(content, kind)


def loaded_or_refused(content: bytes, kind: str) -> None:
    """Load a file of this content."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"t.{kind}").write_bytes(content)
        try:
            load(f"t.{kind}", Path(folder))
        except (ConfigurationError, ModelError) as error:
            in_words(error)


@examples(200)
@given(tables(), st.data())
def test_any_field_of_a_table_in_python(declared: Table, data: st.DataObject) -> None:
    """A table that is built with a field of another kind is a ModelError."""
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(Table)]))
    value = data.draw(DOCUMENTS | SCALARS.map(lambda part: (part,)))

    change: dict[str, Any] = {name: value}

    try:
        dataclasses.replace(declared, **change)
    except ModelError as error:
        in_words(error)


WRONG: dict[str, tuple[Any, str]] = {
    "text-for-list": ({"GlobalSecondaryIndexes": "x"}, "GlobalSecondaryIndexes must be a list"),
    "mapping-for-list": ({"Tags": {"a": "b"}}, "Tags must be a list"),
    "number-for-list": ({"KeySchema": 5}, "KeySchema must be a list, not 5"),
    "text-for-mapping": (
        {"ProvisionedThroughput": "5"},
        "ProvisionedThroughput must be a mapping, not '5'",
    ),
    "list-for-mapping": ({"StreamSpecification": []}, "StreamSpecification must be a mapping"),
    "list-for-text": ({"TableClass": ["STANDARD"]}, "TableClass must be a string"),
    "number-for-text": (
        {"Tags": [{"Key": "a", "Value": 5}]},
        "Tags[0].Value must be a string, not 5",
    ),
    "missing-member": ({"Tags": [{"Key": "a"}]}, "Tags[0].Value is missing"),
    "word-for-number": (
        {"ProvisionedThroughput": {"ReadCapacityUnits": "many", "WriteCapacityUnits": 1}},
        "ReadCapacityUnits must be a whole number, not 'many'",
    ),
    "flag-for-number": (
        {"OnDemandThroughput": {"MaxReadRequestUnits": True}},
        "MaxReadRequestUnits must be a whole number, not True",
    ),
    "endless-number": (
        {"OnDemandThroughput": {"MaxReadRequestUnits": float("inf")}},
        "MaxReadRequestUnits must be a whole number, not inf",
    ),
    "huge-number": (
        {"OnDemandThroughput": {"MaxReadRequestUnits": 10**5000}},
        "MaxReadRequestUnits must be a whole number, not a huge number",
    ),
    "word-for-flag": (
        {"DeletionProtectionEnabled": "yes"},
        "DeletionProtectionEnabled must be true or false, not 'yes'",
    ),
    "unknown-key-type": (
        {"KeySchema": [{"AttributeName": "id", "KeyType": "PRIMARY"}]},
        "KeySchema[0].KeyType must be one of HASH, RANGE, not 'PRIMARY'",
    ),
    "null-element": ({"KeySchema": [None]}, "KeySchema[0] must be a mapping, not None"),
    "stream-without-view": (
        {"StreamSpecification": {"StreamEnabled": True}},
        "StreamViewType is missing",
    ),
    "lifetime-without-attribute": ({"TimeToLiveSpecification": {}}, "AttributeName is missing"),
}


@pytest.mark.parametrize("change, words", WRONG.values(), ids=list(WRONG))
def test_a_wrong_kind_is_named_by_its_place(change: dict[str, Any], words: str) -> None:
    """What is wrong, where, and what is expected."""
    from tests.unit.declarations.test_documents import ORDERS

    with pytest.raises(ModelError) as caught:
        read_document({**ORDERS, **change})

    assert words in str(caught.value)


@pytest.mark.parametrize("text, expected", [("false", False), ("True", True)])
def test_a_flag_of_a_template_may_be_a_string(text: str, expected: bool) -> None:
    """CloudFormation's parameters are strings; "false" does not switch anything on."""
    from tests.unit.declarations.test_documents import ORDERS

    (found,) = read_document({**ORDERS, "DeletionProtectionEnabled": text})

    assert found.deletion_protection is expected


INTRINSICS: dict[str, tuple[Any, str]] = {
    "ref-of-list": ({"Ref": ["a"]}, "Ref takes the name of a parameter, not ['a']"),
    "ref-of-null": ({"Ref": None}, "Ref takes the name of a parameter, not None"),
    "ref-of-bare-parameter": ({"Ref": "bare"}, "parameter 'bare' must be a mapping, not 5"),
    "ref-of-list-default": ({"Ref": "list"}, "the Default of parameter 'list' is []"),
    "join-of-text": ({"Fn::Join": "abc"}, "Fn::Join takes [string, list], not 'abc'"),
    "join-of-one": ({"Fn::Join": ["a"]}, "Fn::Join takes [string, list]"),
    "join-of-letters": ({"Fn::Join": ["-", "abc"]}, "Fn::Join takes [string, list]"),
    "join-of-mapping": ({"Fn::Join": ["-", [{"a": 1, "b": 2}]]}, "cannot be a part of a string"),
    "sub-of-number": ({"Fn::Sub": 5}, "Fn::Sub takes a string, or [string, mapping], not 5"),
    "sub-of-three": ({"Fn::Sub": ["a", {}, 1]}, "Fn::Sub takes a string"),
    "sub-of-list": ({"Fn::Sub": ["a", ["b"]]}, "Fn::Sub takes a string"),
    "find-of-text": ({"Fn::FindInMap": "abc"}, "Fn::FindInMap takes a list of three keys"),
    "find-of-lists": ({"Fn::FindInMap": [["a"], "b", "c"]}, "Mappings has no [['a'], 'b', 'c']"),
    "find-in-text": ({"Fn::FindInMap": ["text", "b", "c"]}, "Mappings has no"),
    "sub-grows": (
        {"Fn::Sub": ["${a}" * 50, {"a": {"Fn::Sub": ["${b}" * 50, {"b": "c" * 50}]}}]},
        "it would be 125,000 characters long",
    ),
    "join-grows": ({"Fn::Join": ["x" * 3000, ["a", "b", "c"]]}, "6,003 characters long"),
}


@pytest.mark.parametrize("name, words", INTRINSICS.values(), ids=list(INTRINSICS))
def test_a_malformed_intrinsic_is_named(name: object, words: str) -> None:
    """What the function takes, and what it was given."""
    from tests.unit.declarations.test_cloudformation import template
    from tests.unit.declarations.test_documents import ORDERS

    parts = {
        "Parameters": {"bare": 5, "list": {"Default": []}},
        "Mappings": {"text": {"b": "x"}},
    }
    with pytest.raises(ModelError) as caught:
        read_template(template({**ORDERS, "TableName": name}, **parts))

    assert words in str(caught.value)


PARTS: dict[str, tuple[Any, str]] = {
    "resources-list": ({"Resources": []}, "Resources must be a mapping, not []"),
    "resource-text": ({"Resources": {"T": "x"}}, "resource 'T': must be a mapping, not 'x'"),
    "properties-list": (
        {"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": ["a"]}}},
        "Properties must be a mapping, not ['a']",
    ),
    "parameters-list": ({"Resources": {}, "Parameters": ["a"]}, "Parameters must be a mapping"),
    "mappings-text": ({"Resources": {}, "Mappings": "a"}, "Mappings must be a mapping, not 'a'"),
    "simple-key-text": (
        {
            "Resources": {
                "T": {"Type": "AWS::Serverless::SimpleTable", "Properties": {"PrimaryKey": "x"}}
            }
        },
        "PrimaryKey must be a mapping, not 'x'",
    ),
    "simple-key-type": (
        {
            "Resources": {
                "T": {
                    "Type": "AWS::Serverless::SimpleTable",
                    "Properties": {"PrimaryKey": {"Name": "id", "Type": "Text"}},
                }
            }
        },
        "PrimaryKey.Type must be one of String, Number, Binary, not 'Text'",
    ),
}


@pytest.mark.parametrize("content, words", PARTS.values(), ids=list(PARTS))
def test_a_part_of_a_template_of_another_kind(content: Any, words: str) -> None:
    """Each section and resource is a mapping, and is named when it is not."""
    with pytest.raises(ModelError) as caught:
        read_template(content)

    assert words in str(caught.value)


def test_a_template_that_multiplies_itself_is_refused() -> None:
    """A list behind FindInMap counts at each of its uses: no small file fills the memory."""
    from tests.unit.declarations.test_cloudformation import template

    find = {"Fn::FindInMap": ["M", "a", "b"]}
    content = template(
        {"TableName": "Orders", "KeySchema": [find] * 1_000},
        Mappings={"M": {"a": {"b": ["x"] * 1_000}}},
    )

    with pytest.raises(ModelError, match="stands for more than 100,000 values"):
        read_template(content)


def test_a_message_lists_some_of_many_problems(tmp_path: Path) -> None:
    """A list of a thousand wrong tables gives a message that a person can read."""
    (tmp_path / "t.json").write_text(json.dumps([5] * 1_000))

    with pytest.raises(ModelError) as caught:
        load("t.json", tmp_path)

    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].endswith("and 950 more")


GROWING: dict[str, Any] = {
    "wrong-references": {f"R{n}": {"Fn::Sub": f"${{S{n}}}"} for n in range(2_000)},
    "wrong-variables": {"R": {"Fn::Sub": "".join(f"${{a{n}}}" for n in range(20_000))}},
    "long-list-parameter": {f"R{n}": {"Ref": "Long"} for n in range(200)},
    "not-allowed": {f"R{n}": {"Ref": "Many"} for n in range(200)},
    "chain-of-names": {f"R{n}": {"Ref": f"R{n + 1}"} for n in range(1_000)},
}


@pytest.mark.parametrize("names", GROWING.values(), ids=list(GROWING))
def test_many_mistakes_give_one_readable_message(tmp_path: Path, names: dict[str, Any]) -> None:
    """However many mistakes a template has, and whatever they quote, the message stays short."""
    from osem_tasks.declarations.resources import TABLE
    from tests.unit.declarations.test_documents import ORDERS

    content = {
        "Parameters": {
            "Long": {"Type": "CommaDelimitedList", "Default": "," * 1_000_000},
            "Many": {"Type": "String", "Default": "x", "AllowedValues": ["y"] * 20_000},
        },
        "Resources": {
            name: {"Type": TABLE, "Properties": {**ORDERS, "TableName": value}}
            for name, value in names.items()
        },
    }
    (tmp_path / "t.json").write_text(json.dumps(content))

    with pytest.raises(ModelError) as caught:
        load("t.json", tmp_path)

    assert len(caught.value.problems) <= 52
    assert len(caught.value.message) < 50_000
