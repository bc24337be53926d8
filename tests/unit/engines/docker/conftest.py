"""No Podman and no Docker of the developer's own in these tests."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines.docker import product

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide the programs and sockets of this machine; return the folder of the user's sockets."""
    runtime = tmp_path / "runtime"
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    monkeypatch.setattr(product, "SYSTEM", tmp_path / "no-system" / "podman.sock")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return runtime
