"""Tables as Terraform's resources."""

from __future__ import annotations

from hypothesis import given

from osem_tasks.declarations.export.terraform import write_terraform
from osem_tasks.schema.model import Table, table
from tests.support.strategies import tables

# Facts that are written whenever they are declared, and Terraform's word for each.
WORDS = {
    "stream": "stream_enabled",
    "deletion_protection": "deletion_protection_enabled",
    "point_in_time_recovery": "point_in_time_recovery {",
    "encryption": "server_side_encryption {",
    "table_class": "table_class",
    "throughput": "read_capacity",
    "warm_throughput": "warm_throughput {",
    "recovery_period_in_days": "  recovery_period_in_days",
    "max_throughput": "on_demand_throughput {",
}


def test_terraform_names_every_fact() -> None:
    """The exported resource has keys, attributes, indexes and tags, and escapes templates."""
    declared = table("Orders", "id S, at N", {"by-x": "x S"}, tags=(("a", "${b}"),))

    text = write_terraform([declared])

    for part in (
        'resource "aws_dynamodb_table" "Orders" {',
        'hash_key     = "id"',
        'range_key    = "at"',
        'name            = "by-x"',
        'projection_type = "ALL"',
        '"a" = "$${b}"',
    ):
        assert part in text
    assert text.count("{") - text.count("${") == text.count("}") - text.count("${")


@given(tables())
def test_every_declared_fact_is_written(declared: Table) -> None:
    """Blocks are closed, names are quoted, and a fact that is not declared is not written."""
    text = write_terraform([declared])

    lines = text.splitlines()
    opened = sum(line.endswith("{") for line in lines)
    assert opened == sum(line.strip() == "}" for line in lines)
    assert text.count("global_secondary_index {") == len(declared.global_indexes)
    assert text.count("local_secondary_index {") == len(declared.local_indexes)
    assert text.count("  attribute {") == len(declared.attributes)
    for fact, word in WORDS.items():
        assert (f"\n  {word}" in text) == (getattr(declared, fact) is not None), fact
    assert ("  tags = {" in text) == bool(declared.tags)
    assert ("  ttl {" in text) == (declared.ttl is not None)


def test_tables_are_separated_by_a_line() -> None:
    """Two resources stand one after the other, each whole."""
    text = write_terraform([table("One", "id S"), table("Two-x", "id S")])

    assert 'resource "aws_dynamodb_table" "One" {' in text
    assert '}\n\nresource "aws_dynamodb_table" "Two_x" {' in text
    assert text.endswith("}\n")
