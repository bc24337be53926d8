"""``--table``: which tables a task acts on."""

from __future__ import annotations

import pytest

from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.model import TableSet, table
from osem_tasks.tasks.narrow import only

TARGET = resolve(BUILT_IN["dev"], TargetOptions(), {})
DECLARED = TableSet(tuple(table(name, "id S") for name in ("Users", "Teams", "osem-dev-Users")))
REAL = TARGET.tables_of(DECLARED)


@pytest.mark.parametrize(
    "names, expected",
    [
        pytest.param(None, [*REAL.names], id="none"),
        pytest.param([], [*REAL.names], id="empty"),
        pytest.param(["Teams"], ["osem-dev-Teams"], id="declared-name"),
        pytest.param(["osem-dev-Teams"], ["osem-dev-Teams"], id="real-name"),
        pytest.param(["Teams", "osem-dev-Teams"], ["osem-dev-Teams"], id="both"),
        pytest.param(["Teams", "Users"], ["osem-dev-Users", "osem-dev-Teams"], id="model-order"),
        # A real name wins over a name in the model that looks like it.
        pytest.param(["osem-dev-Users"], ["osem-dev-Users"], id="real-name-wins"),
    ],
)
def test_tables_are_chosen_by_either_name(names: list[str] | None, expected: list[str]) -> None:
    """Names of the model and full names count, each table once, in the model's order."""
    assert [table.name for table in only(TARGET, REAL, names)] == expected


@pytest.mark.parametrize(
    "names, words",
    [
        pytest.param(["User"], "did you mean 'Users'?", id="near"),
        pytest.param(["users"], "did you mean 'Users'?", id="case"),
        pytest.param(["nothing-like-it"], "they are osem-dev-Users, osem-dev-Teams", id="far"),
        pytest.param(["Users", "Plans", "Carts"], "2 problems", id="several"),
        pytest.param(["Users,Teams"], "--table Users,Teams is not a table", id="comma"),
    ],
)
def test_an_unknown_table_is_refused(names: list[str], words: str) -> None:
    """The error shows the known names and the nearest one, and lets the user list them."""
    with pytest.raises(ConfigurationError) as caught:
        only(TARGET, REAL, names)

    assert words in caught.value.message
    assert caught.value.remediation.startswith("inv db.list --env dev")


def test_a_narrowed_target_repeats_its_tables() -> None:
    """What a narrowed task tells to type is narrowed in the same way."""
    narrowed = TARGET.narrowed(["osem-dev-Teams", "a b"])

    assert narrowed.command("db.setup", "--dry-run") == (
        "inv db.setup --env dev --table osem-dev-Teams --table 'a b' --dry-run"
    )
