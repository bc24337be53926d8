"""Whatever the tables are like, the documents about them are those that their schemas describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.apply.setup import setup
from osem_tasks.config.commands import remedy_text
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.output.compare import Sides, compare_outcome
from osem_tasks.output.plan import applied_outcome, plan_outcome
from osem_tasks.output.setup import setup_outcome
from osem_tasks.output.unmanaged import with_unmanaged
from osem_tasks.output.verify import verify_outcome
from osem_tasks.plan.actions import OPTIONS, Plan
from osem_tasks.plan.remedies import Remedies
from osem_tasks.plan.repair import repair_actions
from osem_tasks.tasks.document import document
from tests.properties.pairs import Pair, pairs
from tests.properties.world import comparison_of, fake_of, new_run
from tests.support.examples import examples
from tests.support.patience import Clock, no_waiting
from tests.support.schemas import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.output.outcome import Outcome
    from osem_tasks.schema.difference import Fact, TableDiff

LOCATION = {"environment": "local", "region": "us-east-1", "endpoint": None}
ERROR = OsemError("They differ.", code=ErrorCode.SCHEMA_VALIDATION_FAILED, remediation="See.")


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    """Let the package sleep on a clock of its own."""
    with no_waiting(Clock()):
        yield


def written(command: str, outcome: Outcome, **more: Any) -> None:
    """Check the document of an outcome whose data has ``more``, as the task adds it."""
    found = document(command, LOCATION, outcome, 0)
    check({**found, "data": {**found["data"], **more}})


@given(pairs(), st.sampled_from([(), OPTIONS]))
@examples(200)
def test_comparisons_and_plans(pair: Pair, options: tuple[str, ...]) -> None:
    """What differs, and the steps that mend it, by `db.verify`, `db.compare` and `db.repair`."""
    run, _ = new_run(fake_of(pair), pair.declared)
    comparison = comparison_of(run.store, pair.declared)
    remedies = Remedies(comparison, protected=False)
    error = ERROR if comparison.differing else None

    def remedy(diff: TableDiff, fact: Fact) -> str:
        return remedy_text(remedies.of(diff, fact), run.target)

    outcome = verify_outcome(comparison.diffs, error, remedy=remedy)
    written("verify", with_unmanaged(outcome, pair.declared))
    exists = {diff.name: (True, diff.exists) for diff in comparison.diffs}
    written("compare", compare_outcome(comparison.diffs, exists, Sides("dev", "qa"), error))
    steps = Plan(repair_actions(comparison), options)
    written("repair", plan_outcome(steps, len(pair.declared)), backups=[])
    written("repair", applied_outcome(steps, run.journal, None, 0), backups=[])


@given(pairs())
@examples(100)
def test_setups(pair: Pair) -> None:
    """What a setup created, verified and repaired, and what stopped it."""
    run, _ = new_run(fake_of(pair), pair.declared)
    error = None
    try:
        setup(run, repairing=True)
    except OsemError as failure:
        error = failure

    outcome = setup_outcome(run.journal, error, 1.5)
    written("setup", with_unmanaged(outcome, pair.declared))
