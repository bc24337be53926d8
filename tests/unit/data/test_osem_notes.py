"""What the data model's page says of OSEM's items is what the seed puts into the tables."""

from __future__ import annotations

import pytest
from boto3.dynamodb.types import TypeSerializer

from osem_tasks.data.osem_seed import organisation
from osem_tasks.declarations.docs.data_model import data_model
from osem_tasks.declarations.osem import TABLES

MODEL = {entity.table.name: entity for entity in data_model(TABLES, {}).entities}
ITEMS = list(organisation(2))


@pytest.mark.parametrize("name", TABLES.names)
def test_every_item_has_the_attributes_of_the_page(name: str) -> None:
    """All that are not optional, none that is not listed, and each of the listed type."""
    rows = {row.name: row for row in MODEL[name].rows}
    needed = {row.name for row in rows.values() if not row.optional}
    write = TypeSerializer().serialize

    for item in (item for table, item in ITEMS if table == name):
        assert needed <= item.keys() <= rows.keys()
        kinds = {key: next(iter(write(value))) for key, value in item.items()}
        assert kinds == {key: rows[key].type for key in item}


@pytest.mark.parametrize("name", TABLES.names)
def test_every_index_serves_an_access_pattern(name: str) -> None:
    """An index that no question needs would cost for nothing."""
    entity = MODEL[name]

    served = {pattern.index for pattern in entity.notes.patterns} - {""}

    assert served == {index.name for index in entity.table.global_indexes}


@pytest.mark.parametrize("name", TABLES.names)
def test_references_lead_to_items_that_are_there(name: str) -> None:
    """What an attribute that refers to a table holds is a key of one of its items."""
    keys = {(table, item[TABLES[table].key.partition[0].name]) for table, item in ITEMS}

    for row in (row for row in MODEL[name].rows if row.refers_to):
        for item in (item for table, item in ITEMS if table == name and row.name in item):
            held = item[row.name]
            for value in held if isinstance(held, set) else {held}:
                assert (row.refers_to, value) in keys
