"""CloudFormation's own specification, as cfn-lint holds it, accepts every exported template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from hypothesis import given

from osem_tasks.declarations.export.cloudformation import write_template
from osem_tasks.declarations.export.json_text import json_text
from osem_tasks.declarations.osem import TABLES
from tests.support.examples import examples
from tests.support.strategies import table_sets

if TYPE_CHECKING:
    from osem_tasks.schema.model import TableSet

US = ManualArgs(regions=["us-east-1"])


def complaints(declared: TableSet) -> list[str]:
    """What cfn-lint says about the exported template."""
    found = lint(json_text(write_template(declared.tables)), config=US)
    return [f"{match.rule.id} {match.message}" for match in found]


def test_osem_tables_are_a_sound_template() -> None:
    """The six tables pass without an error or a warning."""
    assert complaints(TABLES) == []


@examples(30)
@given(table_sets().filter(len))
def test_random_tables_are_sound_templates(declared: TableSet) -> None:
    """Any set of tables that DynamoDB takes is a template that CloudFormation takes."""
    assert complaints(declared) == []
