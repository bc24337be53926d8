"""The data model as data, for ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.declarations.docs.data_model import primary_pattern
from osem_tasks.declarations.docs.settings import capacity, settings

if TYPE_CHECKING:
    from osem_tasks.declarations.docs.data_model import DataModel, Entity
    from osem_tasks.schema.model import Index, Key, Table


def content(model: DataModel) -> dict[str, Any]:
    """Return the tables, and how they refer to each other."""
    return {
        "tables": [_entity(entity) for entity in model.entities],
        "relations": [
            {"tableName": one.table, "attribute": one.attribute, "refersTo": one.target}
            for one in model.relations
        ],
    }


def _entity(entity: Entity) -> dict[str, Any]:
    table, notes = entity.table, entity.notes
    return {
        "tableName": table.name,
        "text": notes.text,
        "key": _key(table.key),
        "attributes": [
            {
                "name": row.name,
                "type": row.type,
                "role": row.role or None,
                "optional": row.optional,
                "refersTo": row.refers_to or None,
                "text": row.text,
            }
            for row in entity.rows
        ],
        "indexes": [
            *(_index(index, table, "global") for index in table.global_indexes),
            *(_index(index, table, "local") for index in table.local_indexes),
        ],
        "patterns": [
            {
                "name": pattern.name,
                "index": pattern.index or None,
                "key": primary_pattern(table, pattern),
                "how": pattern.how,
            }
            for pattern in notes.patterns
        ],
        "settings": dict(settings(table)),
    }


def _index(index: Index, table: Table, kind: str) -> dict[str, Any]:
    return {
        "name": index.name,
        "kind": kind,
        "key": _key(index.key),
        "projection": index.projection.kind,
        "projected": list(index.projection.attributes),
        "capacity": capacity(index, table),
    }


def _key(key: Key) -> dict[str, list[dict[str, str]]]:
    return {
        part: [{"name": one.name, "type": one.type} for one in attributes]
        for part, attributes in (("partition", key.partition), ("sort", key.sort))
    }
