"""Setup killed after every single call in turn: the next run ends what it began."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from osem_tasks.waiting.policy import Pauses
from tests.faults.cases.case import SIX
from tests.faults.conftest import ITEM, Cloud
from tests.faults.processes import inv_as_process
from tests.support.faulty_aws import Fault, Plane
from tests.support.patience import SHORT

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    from tests.support.inv import Inv

# Seen once CREATING, and once ACTIVE: every kind of call, and each no oftener than needed.
PLANE = Plane(creating=0.03)
PATIENCE = replace(SHORT, poll=Pauses(0.08, 0.08))
# More calls than a setup of six tables makes; it ends the search if none is ever the last.
MOST = 400


@pytest.mark.parametrize("first", [1, 2], ids=["odd calls", "even calls"])
@pytest.mark.parametrize("env", ["dev", "prod"])
def test_a_killed_setup_is_mended_by_the_next(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, env: str, first: int
) -> None:
    """After a kill at any call, setup ends with 0, verify is clean, and no data is lost."""
    call, unmended = first, []
    while _killed_after(forks, cloud, env, call):
        cloud.server.arm(plane=PLANE)
        codes = [inv(each, "--env", env, "--force").code for each in ("db.setup", "db.verify")]
        if (codes, cloud.item(env), cloud.names) != ([0, 0], ITEM, sorted(SIX)):
            unmended.append((call, codes, cloud.item(env), cloud.names))
        call += 2
        assert call < MOST

    assert unmended == []
    # Identity, six readings, what is missing, and that read again, at the least.
    assert call > 1 + 6 + 3 + 3


def _killed_after(forks: ForkServerContext, cloud: Cloud, env: str, call: int) -> bool:
    """Run setup on half an account; whether it was killed at its call number ``call``."""
    cloud.clear()
    cloud.hold(env, *SIX[:3])
    cloud.server.arm(Fault("*", "kill", after=call - 1, times=1), plane=PLANE)
    argv = ["inv", "db.setup", "--env", env, "--force"]
    process: ForkServerProcess = forks.Process(
        target=inv_as_process, args=(dict(os.environ), argv, PATIENCE)
    )
    process.start()
    assert process.pid
    cloud.server.victim.set_result(process.pid)
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL)
    return code == -signal.SIGKILL
