"""A state directory for every test that needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of this test, which exists and is private."""
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    return path
