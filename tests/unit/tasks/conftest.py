"""Fake kinds of engine in place of the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engines import only_fake_kinds
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.fake_engines import Script


@pytest.fixture
def scripts() -> Iterator[tuple[Script, Script]]:
    """The scripts of the two kinds of engine that alone are registered in this test."""
    with only_fake_kinds() as both:
        yield both


@pytest.fixture
def lost_inv(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Inv:
    """`inv` in a folder of the test, in a shell that leads to a server that does not answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OSEM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "none-such")
    return Inv(capsys, monkeypatch)
