"""What is declared and not managed here: one line for all tables, one entry for each."""

from __future__ import annotations

from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.output.unmanaged import unmanaged_count, with_unmanaged
from osem_tasks.schema.model import TableSet, table

REASON = "known to AWS only"
TABLES = TableSet(
    (
        table("Carts", "id S", unmanaged=(("ResourcePolicy", ""), ("Tags[a].Value", REASON))),
        table("Orders", "id S", unmanaged=(("ResourcePolicy", ""),)),
        table("Users", "id S"),
    ),
    unmanaged=(("resource Nested", "it is not followed"),),
)


def test_every_unmanaged_property_is_shown_once() -> None:
    """Tables share a line, and the reason stands with it; the data names each table."""
    before = Outcome(data={"checks": []}, lines=[Line(Mark.DONE, "done")])

    found = with_unmanaged(before, TABLES)

    assert found.lines == [
        Line(Mark.DONE, "done"),
        Line(Mark.DETAIL, "not managed here: ResourcePolicy of Carts, Orders"),
        Line(Mark.DETAIL, f"not managed here: Tags[a].Value of Carts ({REASON})"),
        Line(Mark.DETAIL, "not managed here: resource Nested (it is not followed)"),
    ]
    assert found.data["notManaged"] == [
        {"tableName": "Carts", "path": "ResourcePolicy", "reason": ""},
        {"tableName": "Carts", "path": "Tags[a].Value", "reason": REASON},
        {"tableName": "Orders", "path": "ResourcePolicy", "reason": ""},
        {"tableName": None, "path": "resource Nested", "reason": "it is not followed"},
    ]
    assert unmanaged_count(TABLES) == 4


def test_many_tables_are_counted() -> None:
    """A line does not grow with the number of tables."""
    many = TableSet(
        tuple(table(f"T{n:03}", "id S", unmanaged=(("Replicas", ""),)) for n in range(50))
    )

    (line,) = with_unmanaged(Outcome(), many).lines

    assert line.text == "not managed here: Replicas of 50 tables"


def test_the_names_and_rules_of_an_environment_keep_what_is_not_managed() -> None:
    """Prefix, tags and ignored facts change tables, not what is listed."""
    found = TABLES.ignoring(["*.tags"]).for_environment("dev-", tags={"a": "b"})

    assert found.unmanaged == TABLES.unmanaged
    assert [table.unmanaged for table in found] == [table.unmanaged for table in TABLES]
