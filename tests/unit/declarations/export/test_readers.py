"""Exports, read by readers of others: python-hcl2 for Terraform, plain JSON for CloudFormation."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hcl2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.declarations.export.terraform import write_terraform
from osem_tasks.schema.model import Index, Table, TableSet, Throughput, table
from tests.support.strategies import NAMES, table_sets

if TYPE_CHECKING:
    from osem_tasks.schema.warm import WarmThroughput

# Names of tables that many spellings of a resource's name confuse.
ALIKE = ("cart-items", "cart.items", "cart_items", "CartItems", "2fa_codes", "2fa.codes", "___")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def text_of(literal: str) -> str:
    """The text of an HCL literal, by HCL's own rules of escaping."""

    def character(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else ESCAPES.get(code, code)

    inner = literal[1:-1].replace("$${", "${").replace("%%{", "%{")
    return re.sub(r"\\(u[0-9a-f]{4}|U[0-9a-f]{8}|.)", character, inner)


def plain(value: Any) -> Any:
    """What python-hcl2 read, with literals as texts and without its own marks."""
    if isinstance(value, str) and value.startswith('"'):
        return text_of(value)
    if isinstance(value, dict):
        return {
            (text_of(key) if key.startswith('"') else key): plain(inner)
            for key, inner in value.items()
            if not key.startswith("__")
        }
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def resources(tables: tuple[Table, ...]) -> dict[str, dict[str, Any]]:
    """The resources of the Terraform export, by their names, as python-hcl2 reads them."""
    read = plain(hcl2.loads(write_terraform(tables)))
    return {
        name: resource
        for block in read.get("resource", ())
        for name, resource in block["aws_dynamodb_table"].items()
    }


def ceiling(units: Throughput | None) -> list[dict[str, int]] | None:
    """The block of a ceiling."""
    if units is None:
        return None
    return [{"max_read_request_units": units.read, "max_write_request_units": units.write}]


def warm(units: WarmThroughput | None) -> list[dict[str, int]] | None:
    """The block of warm throughput, with the numbers that are declared."""
    if units is None:
        return None
    numbers = {"read_units_per_second": units.read, "write_units_per_second": units.write}
    return [{name: number for name, number in numbers.items() if number is not None}]


def index_key(index: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The names of an index's key, whichever way they are written."""
    blocks = index.get("key_schema")
    if blocks is None:
        return [index["hash_key"]], [index["range_key"]] if "range_key" in index else []
    parts = [[b["attribute_name"] for b in blocks if b["key_type"] == k] for k in ("HASH", "RANGE")]
    return parts[0], parts[1]


def check_index(index: Index, found: dict[str, Any]) -> None:
    """The exported global index says what is declared."""
    assert index_key(found) == (
        [attribute.name for attribute in index.key.partition],
        [attribute.name for attribute in index.key.sort],
    )
    assert found["projection_type"] == index.projection.kind
    assert found.get("non_key_attributes", []) == list(index.projection.attributes)
    assert found.get("read_capacity") == (index.throughput.read if index.throughput else None)
    assert found.get("on_demand_throughput") == ceiling(index.max_throughput)
    assert found.get("warm_throughput") == warm(index.warm_throughput)


def check_settings(declared: Table, found: dict[str, Any]) -> None:
    """The exported resource has every declared setting, and no other."""
    assert found.get("tags", {}) == dict(declared.tags or ())
    assert found.get("deletion_protection_enabled") == declared.deletion_protection
    assert found.get("table_class") == declared.table_class
    assert found.get("stream_view_type") == (declared.stream.view if declared.stream else None)
    assert ("stream_enabled" in found) == (declared.stream is not None)
    assert ("ttl" in found) == (declared.ttl is not None)
    if declared.ttl:
        assert found["ttl"][0].get("attribute_name") == declared.ttl.attribute
        assert found["ttl"][0]["enabled"] == (declared.ttl.attribute is not None)
    recovery = found.get("point_in_time_recovery", [{"enabled": None}])
    assert recovery[0]["enabled"] == declared.point_in_time_recovery
    assert recovery[0].get("recovery_period_in_days") == declared.recovery_period_in_days
    assert ("server_side_encryption" in found) == (declared.encryption is not None)
    if declared.encryption:
        encryption = found["server_side_encryption"][0]
        assert encryption["enabled"] == (declared.encryption.kind == "KMS")
        assert encryption.get("kms_key_arn") == declared.encryption.kms_key


@given(table_sets())
def test_an_independent_reader_finds_every_fact_of_every_table(declared: TableSet) -> None:
    """python-hcl2 reads the export, and finds all that is declared under the tables' names."""
    # python-hcl2 wants the end of a template that is escaped.
    assume("{" not in repr([(t.tags, t.attributes, t.global_indexes) for t in declared]))
    found = {resource["name"]: resource for resource in resources(declared.tables).values()}

    assert found.keys() == set(declared.names)
    for one in declared:
        resource = found[one.name]
        assert resource["hash_key"] == one.key.partition[0].name
        assert resource.get("range_key") == (one.key.sort[0].name if one.key.sort else None)
        attributes = [(a["name"], a["type"]) for a in resource["attribute"]]
        assert attributes == [(a.name, a.type) for a in one.attributes]
        assert resource["billing_mode"] == one.billing
        assert resource.get("write_capacity") == (one.throughput.write if one.throughput else None)
        assert resource.get("on_demand_throughput") == ceiling(one.max_throughput)
        assert resource.get("warm_throughput") == warm(one.warm_throughput)
        indexes = {index["name"]: index for index in resource.get("global_secondary_index", ())}
        assert indexes.keys() == {index.name for index in one.global_indexes}
        for index in one.global_indexes:
            check_index(index, indexes[index.name])
        locals_ = {index["name"]: index for index in resource.get("local_secondary_index", ())}
        assert locals_.keys() == {index.name for index in one.local_indexes}
        for index in one.local_indexes:
            assert locals_[index.name]["range_key"] == index.key.sort[0].name
        check_settings(one, resource)


def check_names(names: list[str]) -> None:
    """Every table is exported, under a name that Terraform and CloudFormation accept."""
    tables = tuple(table(name, "id S") for name in names)

    in_terraform = resources(tables)
    in_template = write_template(tables)["Resources"]

    assert len(in_terraform) == len(in_template) == len(names)
    assert [found["name"] for found in in_terraform.values()] == names
    assert [found["Properties"]["TableName"] for found in in_template.values()] == names
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in in_terraform)
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,255}", name) for name in in_template)


@given(st.permutations(ALIKE))
def test_tables_of_like_names_are_all_exported(names: list[str]) -> None:
    """Tables whose names differ only in signs get resources of different names."""
    check_names(names)


@given(st.lists(NAMES, max_size=5, unique=True))
def test_every_name_of_a_table_makes_a_sound_resource(names: list[str]) -> None:
    """Digits, dots and dashes anywhere in a table's name are no harm."""
    check_names(names)


def test_the_longest_names_stay_within_the_limits() -> None:
    """Two names of 255 characters that differ in a sign alone are two resources."""
    check_names(["a" * 127 + sign + "b" * 127 for sign in "-_."] + ["9" * 255])


def test_a_table_added_at_the_end_renames_no_resource() -> None:
    """Terraform would replace a table whose resource has another name."""
    names = list(ALIKE)
    before = {found["name"]: name for name, found in resources(_tables(names[:-1])).items()}
    after = {found["name"]: name for name, found in resources(_tables(names)).items()}

    assert before.items() <= after.items()


def _tables(names: list[str]) -> tuple[Table, ...]:
    return tuple(table(name, "id S") for name in names)


@pytest.mark.parametrize(
    "limits, written",
    [
        (Throughput(-1, -1), None),
        (Throughput(5, -1), {"MaxReadRequestUnits": 5}),
        (Throughput(-1, 7), {"MaxWriteRequestUnits": 7}),
        (Throughput(5, 7), {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 7}),
    ],
)
def test_cloudformation_gets_no_limit_of_minus_one(
    limits: Throughput, written: dict[str, int] | None
) -> None:
    """CloudFormation's minimum is 1: a limit that is none is left out, on indexes too."""
    declared = table("Orders", "id S", {"by-x": "x S"}, max_throughput=limits)
    index = replace(declared.global_indexes[0], max_throughput=limits)
    declared = replace(declared, global_indexes=(index,))

    properties = write_template([declared])["Resources"]["Orders"]["Properties"]

    assert properties.get("OnDemandThroughput") == written
    assert properties["GlobalSecondaryIndexes"][0].get("OnDemandThroughput") == written
    assert "-1" not in json.dumps(properties)


def test_the_layout_is_that_of_terraform_fmt() -> None:
    """Equals signs stand below each other, blocks apart by a line, indented by two spaces."""
    declared = table(
        "Orders", "id S", {"by-x": "x S + y N"}, tags=(("Team", "shop"), ("a", "${b} %{ \x08 \n"))
    )

    assert write_terraform([declared]) == LAYOUT


LAYOUT = r"""resource "aws_dynamodb_table" "Orders" {
  name         = "Orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "x"
    type = "S"
  }

  attribute {
    name = "y"
    type = "N"
  }

  global_secondary_index {
    name            = "by-x"
    projection_type = "ALL"

    key_schema {
      attribute_name = "x"
      key_type       = "HASH"
    }

    key_schema {
      attribute_name = "y"
      key_type       = "HASH"
    }
  }

  tags = {
    "Team" = "shop"
    "a"    = "$${b} %%{ \u0008 \n"
  }
}
"""
