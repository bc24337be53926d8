"""A start that is interrupted or killed at any moment leaves nothing that lies or stays."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import NOWHERE, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.inv import Run

pytestmark = pytest.mark.integration

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
# In seconds: during the imports, and while the engine starts.
MOMENTS = [0.3, 1.1, 2.2]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine without Docker."""
    shell = Shell(given.new_name(), tmp_path / "state", {"DOCKER_HOST": NOWHERE})
    yield shell
    shell.clear()


@pytest.fixture
def dockered(tmp_path: Path) -> Iterator[Shell]:
    """`inv` on a machine with Docker."""
    shell = Shell(given.new_name(), tmp_path / "state", {"OSEM_LOCAL_ENGINE": "docker"})
    yield shell
    shell.clear()
    with given.connected() as docker:
        docker.clear(shell.name)


def stopped_at(inv: Shell, moment: float, number: signal.Signals) -> Run:
    """What a `local.up` gave that got a signal so many seconds after its start."""
    process = inv.start("local.up")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=moment)
    return given.interrupted(process, number)


def check_mended(inv: Shell) -> None:
    """The state tells the truth; the next start works, and the next stop leaves nothing."""
    running = inv.json("local.status")["running"]
    up, status, down = inv.json("local.up"), inv.json("local.status"), inv.json("local.down")

    # A start that was killed before its record may have left a whole engine, which is reused.
    assert up["how"] == "reused" or not running
    assert (status["running"], status["endpoint"]) == (True, up["endpoint"])
    assert len(down["removed"]) == 1
    assert [
        path.suffix for path in inv.state.iterdir() if path.suffix in (".json", ".starting")
    ] == []


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_moto_is_whole_or_gone(embedded: Shell, moment: float, number: signal.Signals) -> None:
    """After a signal there is a recorded engine or none; after SIGKILL the next command mends."""
    stopped_at(embedded, moment, number)
    if number is not signal.SIGKILL:
        assert bool(embedded.processes()) is embedded.record_path.exists()

    check_mended(embedded)

    assert embedded.processes() == []


@pytest.mark.docker
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS[1:2])
def test_a_container_is_whole_or_gone(
    dockered: Shell, moment: float, number: signal.Signals
) -> None:
    """The same of a container."""
    stopped_at(dockered, moment, number)
    with given.connected() as docker:
        if number is not signal.SIGKILL:
            left = bool(docker.containers(dockered.name))
            assert left is dockered.record_path.exists()

        check_mended(dockered)

        assert docker.left(dockered.name) == []
