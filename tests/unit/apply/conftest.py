"""What every test of this part begins with: no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from osem_tasks.waiting.policy import using
from tests.support.still_clock import StillClock, still_clock
from tests.unit.apply.runs import POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="own", autouse=True)
def _own_clock() -> Iterator[StillClock]:
    """The clock of one test, and pauses of one second."""
    with still_clock() as own, using(POLICY):
        yield own
