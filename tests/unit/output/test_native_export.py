"""The commands of AWS's own export and import, held against the models of botocore."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from hypothesis import given

from osem_tasks.data.dump import Source
from osem_tasks.declarations.osem import TABLES
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.data import native_export
from osem_tasks.schema.model import Index, Key, Projection, table
from osem_tasks.schema.requests import import_parameters
from tests.support.fake_items import FakeItems, live, run_on
from tests.support.strategies import tables

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from osem_tasks.schema.model import Table

GLOBAL_OPTIONS = {"region"}


@cache
def model() -> ServiceModel:
    """DynamoDB as botocore knows it, and with it the AWS CLI."""
    return botocore.session.get_session().get_service_model("dynamodb")


def commands(declared: Table) -> list[list[str]]:
    """The words of each command of `aws` that a table beyond the limit gets."""
    source = Source(live=live(size=11, declared=declared), declared="Orders", table=declared)
    with pytest.raises(OsemError) as caught:
        native_export(run_on(FakeItems()), [source], 10)
    assert caught.value.code is ErrorCode.CONFIRMATION_REQUIRED
    lines = [line.partition("   ")[0] for line in (caught.value.remediation or "").splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("aws ")]


def request_of(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The operation and the request that the AWS CLI makes of ``aws dynamodb ...``."""
    [operation] = [name for name in model().operation_names if cli_name(name) == words[2]]
    shape = model().operation_model(operation).input_shape
    assert shape is not None
    members = {cli_name(name): (name, member) for name, member in shape.members.items()}
    request = {}
    for option, text in zip(words[3::2], words[4::2], strict=True):
        name = option.removeprefix("--")
        if name not in GLOBAL_OPTIONS:
            member, kind = members[name]
            request[member] = value_of(text) if kind.type_name == "structure" else text
    assert ParamValidator().validate(request, shape).generate_report() == ""
    for member, value in request.items():
        assert value in (getattr(shape.members[member], "enum", None) or [value])
    return operation, request


def cli_name(name: str) -> str:
    """A name as the AWS CLI writes it."""
    return xform_name(name, "-")


def value_of(text: str) -> Any:
    """A structure: JSON, or the CLI's short form."""
    if text.startswith("{"):
        return json.loads(text)
    pairs = dict(part.split("=") for part in text.split(","))
    return {
        name: value == "true" if value in {"true", "false"} else value
        for name, value in pairs.items()
    }


@pytest.mark.parametrize("declared", list(TABLES), ids=lambda found: str(found.name))
def test_every_command_is_one_that_the_cli_takes(declared: Table) -> None:
    """Options, kinds of values and words of lists are those of the operations; nothing is missing."""
    recover, export, sync, new = commands(declared)

    found = dict(map(request_of, (recover, export, new)))

    assert list(found) == ["UpdateContinuousBackups", "ExportTableToPointInTime", "ImportTable"]
    assert sync == ["aws", "s3", "sync", "s3://BUCKET/Orders", "dumps/Orders"]
    assert found["ExportTableToPointInTime"]["ExportFormat"] == "DYNAMODB_JSON"
    imported = found["ImportTable"]
    assert (imported["InputFormat"], imported["InputCompressionType"]) == ("DYNAMODB_JSON", "GZIP")
    assert imported["S3BucketSource"] == {
        "S3Bucket": "BUCKET",
        "S3KeyPrefix": "Orders/AWSDynamoDB/ID/data/",
    }
    assert imported["TableCreationParameters"]["TableName"] == "NEW-TABLE"


def test_a_table_with_a_local_index_is_not_imported() -> None:
    """ImportTable makes none: the command is left out, with the reason."""
    index = Index("by-at", Key.parse("id S, at N"), Projection("ALL"))
    declared = replace(table("Orders", "id S, date S"), local_indexes=(index,))

    assert [words[1:3] for words in commands(declared)] == [
        ["dynamodb", "update-continuous-backups"],
        ["dynamodb", "export-table-to-point-in-time"],
        ["s3", "sync"],
    ]


@given(tables())
def test_the_parameters_are_those_of_import_table(declared: Table) -> None:
    """For any table: no member that ImportTable lacks, and just the attributes of its keys."""
    found = import_parameters(declared, "New")

    shape = model().shape_for("TableCreationParameters")
    assert found.keys() <= shape.members.keys()  # type: ignore[attr-defined]
    report = ParamValidator().validate(found, shape)
    assert report.generate_report() == ""
    schemas = [found, *found.get("GlobalSecondaryIndexes", [])]
    used = {part["AttributeName"] for one in schemas for part in one["KeySchema"]}
    assert {one["AttributeName"] for one in found["AttributeDefinitions"]} == used
