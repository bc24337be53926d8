"""The public surface: what a project may import to declare tables in Python."""

from __future__ import annotations

import re
from pathlib import Path

import osem_tasks
from osem_tasks import tables
from osem_tasks.declarations import osem
from osem_tasks.schema import osem as old_path

PAGE = (Path(osem_tasks.__file__).parents[1] / "docs" / "own-tables.md").read_text(encoding="utf-8")
PUBLIC = [
    "Attribute",
    "Encryption",
    "Index",
    "ItemAttribute",
    "Key",
    "ModelError",
    "Notes",
    "Pattern",
    "Projection",
    "Stream",
    "Table",
    "TableSet",
    "Throughput",
    "TimeToLive",
    "WarmThroughput",
    "table",
]


def test_the_public_names_are_these() -> None:
    """A name is added to this list on purpose, and taken away never within a major version."""
    assert tables.__all__ == PUBLIC
    assert all(hasattr(tables, name) for name in PUBLIC)


def test_nothing_else_is_public() -> None:
    """Every public name of the module is exported."""
    names = {name for name in vars(tables) if name[0].isalpha()} - {"annotations"}

    assert names == set(PUBLIC)


def test_public_names_are_documented() -> None:
    """Every exported name has a docstring."""
    assert [name for name in PUBLIC if not getattr(tables, name).__doc__] == []


def test_the_pages_declaration_in_python_is_one() -> None:
    """The example of docs/own-tables.md runs, and declares what it says."""
    (example,) = re.findall(r"```python\n(# shop/tables\.py.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}

    exec(example, names)

    declared = names["TABLES"]
    assert isinstance(declared, tables.TableSet)
    assert declared.names == ("Orders", "Carts", "Products")
    assert declared["Orders"].global_indexes[0].key == tables.Key.parse("customerId S, placedAt N")


def test_the_old_path_of_osems_tables_works() -> None:
    """A configuration that names ``osem_tasks.schema.osem:TABLES`` still finds them."""
    assert old_path.TABLES is osem.TABLES
