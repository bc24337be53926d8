"""`local.admin`: what it says where there are no tables to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.engines import host
from osem_tasks.engines.admin import record
from osem_tasks.waiting.policy import using
from tests.support.inv import Inv
from tests.support.patience import SHORT

if TYPE_CHECKING:
    import pytest


def test_a_server_that_does_not_run_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No browser is started on an endpoint where nothing answers: it would show an error only."""
    with using(SHORT):
        run = Inv(capsys, monkeypatch)(
            "local.admin", "--endpoint", f"http://127.0.0.1:{host.free_port()}", "--json"
        )

    assert (run.code, run.error) == (1, "ENGINE_NOT_RUNNING")
    assert record.load("osem-dynamodb-local") is None
