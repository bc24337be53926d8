"""Fake kinds of engine in place of the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engines import only_fake_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_engines import Script


@pytest.fixture
def scripts() -> Iterator[tuple[Script, Script]]:
    """The scripts of the two kinds of engine that alone are registered in this test."""
    with only_fake_kinds() as both:
        yield both
