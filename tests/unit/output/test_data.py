"""The data of every outcome: plain values, which JSON carries unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from osem_tasks.output.plan import applied_outcome, plan_outcome
from osem_tasks.output.setup import setup_outcome
from osem_tasks.output.tables import deletion_outcome, deletion_plan, list_outcome
from osem_tasks.output.verify import verify_outcome
from osem_tasks.plan.actions import Plan
from tests.unit.output.test_plan import CREATE, DROP, NEVER
from tests.unit.output.test_setup import ERROR, journal
from tests.unit.output.test_tables import EXISTING, LISTED
from tests.unit.output.test_verify import DIFFS, remedy

if TYPE_CHECKING:
    from osem_tasks.output.outcome import Outcome


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(deletion_plan(EXISTING, ""), id="deletion-plan"),
        pytest.param(deletion_outcome(["a"], ERROR), id="deletion"),
        pytest.param(setup_outcome(journal(), ERROR, 1.0), id="setup"),
        pytest.param(verify_outcome(DIFFS, ERROR, remedy=remedy), id="verify"),
        pytest.param(list_outcome(LISTED, ["other"]), id="list"),
        pytest.param(plan_outcome(Plan((CREATE, DROP, NEVER)), 6, ERROR), id="plan"),
        pytest.param(applied_outcome(Plan((CREATE,)), journal(), ERROR, 1.0), id="repair"),
    ],
)
def test_data_is_plain(outcome: Outcome) -> None:
    """The data of every outcome survives JSON unchanged."""
    assert outcome.data == json.loads(json.dumps(outcome.data))
