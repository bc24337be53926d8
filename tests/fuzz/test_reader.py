"""Every kept input, and some mutations, give tables or a refusal in words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":  # no alarm there
    pytest.skip("signals are needed to notice a hang", allow_module_level=True)

from tests.fuzz.reader import SEEDS, Mutator, read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", sorted(SEEDS.iterdir()), ids=lambda path: path.name)
def test_every_kept_input(path: Path) -> None:
    """What a longer run found once stays read or refused."""
    read(path.name.removeprefix("found-"), path.read_bytes())


def test_some_mutations() -> None:
    """A short run of ``python -m tests.fuzz``, the same in every run of the tests."""
    mutator = Mutator(1)
    for _ in range(400):
        read(*mutator.next())
