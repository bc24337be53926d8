"""Files that a task writes because it was asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.tasks.files import write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_anew_or_added_to(tmp_path: Path) -> None:
    """What was there is replaced, unless it is to be kept."""
    path = tmp_path / "out.txt"

    write(str(path), "first")
    write(str(path), "Zoë →")
    write(str(path), " more", append=True)

    assert path.read_text(encoding="utf-8") == "Zoë → more"


@pytest.mark.parametrize("name", ["missing/out.txt", "."], ids=["no-directory", "a-directory"])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    """The path and the system's reason, and what to do about it."""
    path = str(tmp_path / name)

    with pytest.raises(OsemError) as caught:
        write(path, "text")

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert caught.value.message.startswith(f"{path} cannot be written: ")
