"""Which dump goes into which table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.data.layout import Export
from osem_tasks.data.targets import pairs_of
from osem_tasks.errors import OsemError
from osem_tasks.schema.model import TableSet, table
from tests.support.fake_items import FakeItems, run_on

TABLES = TableSet((table("osem-local-Users", "id S"), table("osem-local-Teams", "id S")))


def export(name: str, declared: str = "", at: str = "2020-11-04T07:28:34.028Z") -> Export:
    """A dump of a table of that name."""
    folder = Path("dumps") / name / at
    return Export(
        folder=folder, id=at, table=name, items=1, exported=at, files=(), declared=declared
    )


def chosen(found: list[Export], *only: str) -> dict[str, str]:
    """The tables of the dumps, by the tables that they are of."""
    run = replace(run_on(FakeItems()), tables=TABLES)
    full = [f"osem-local-{name}" for name in only]
    pairs, _ = pairs_of(run, found, full, BUILT_IN.values())
    return {export.table: name for export, name in pairs}


@pytest.mark.parametrize(
    "name, declared",
    [
        ("osem-dev-Teams", "Teams"),  # what db.dump says
        ("anything", "Teams"),
        ("osem-dev-Teams", ""),  # an export of AWS: by the names of another environment
        ("osem-prod-Teams", ""),
        ("osem-local-Teams", ""),
        ("Teams", ""),
    ],
)
def test_a_dump_goes_to_the_table_of_the_same_name_in_the_model(name: str, declared: str) -> None:
    """Whichever environment it is of."""
    assert chosen([export(name, declared)]) == {name: "osem-local-Teams"}


def test_one_dump_and_one_table_go_together() -> None:
    """Whatever their names are."""
    assert chosen([export("legacy")], "Users") == {"legacy": "osem-local-Users"}


def test_table_chooses_among_several_dumps() -> None:
    """The others are left out, even those of no table here."""
    found = [export("osem-dev-Users"), export("osem-dev-Teams"), export("legacy")]

    assert chosen(found, "Teams") == {"osem-dev-Teams": "osem-local-Teams"}


def test_the_latest_dump_of_a_table_counts() -> None:
    """The earlier ones are named."""
    older, newer = export("osem-dev-Teams", at="2020-01"), export("osem-dev-Teams", at="2021-01")
    run = replace(run_on(FakeItems()), tables=TABLES)

    pairs, passed = pairs_of(run, [newer, older], (), BUILT_IN.values())

    assert ([export for export, _ in pairs], passed) == ([newer], [older])


@pytest.mark.parametrize(
    "found, only, message",
    [
        ([export("legacy")], (), "No table of this environment is declared for the dump of legacy"),
        ([export("Team")], (), "Teams"),
        ([export("osem-dev-Users"), export("legacy")], ("Teams",), "no dump for osem-local-Teams"),
        ([export("osem-dev-Teams"), export("osem-staging-Teams")], (), "Two dumps are for"),
    ],
)
def test_what_is_not_clear_is_refused(
    found: list[Export], only: tuple[str, ...], message: str
) -> None:
    """With the name of the table that may be meant, or what to type."""
    with pytest.raises(OsemError, match=message) as caught:
        chosen(found, *only)

    assert caught.value.remediation
