"""A project's own module in the place of a library that the tasks need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from osem_tasks.errors import ErrorCode
from osem_tasks.tasks import libraries

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("package", [False, True], ids=["module", "package"])
@pytest.mark.parametrize("name", libraries.LIBRARIES.split())
def test_the_module_that_hides_a_library_is_named(
    name: str, package: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its file or folder, with what to do; it is not run."""
    place = tmp_path / name if package else tmp_path / f"{name}.py"
    file = place / "__init__.py" if package else place
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise RuntimeError", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    error = libraries.hiding()

    assert error
    assert (error.code, error.message) == (
        ErrorCode.INVALID_CONFIGURATION,
        f"{place.resolve()} hides the library {name!r}, which the task needs.",
    )
    assert str(place) in error.remediation


@pytest.mark.parametrize("name", ["docker", "requests"])
def test_a_folder_without_python_hides_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project's ``docker/`` with a Dockerfile is not imported in the library's place."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "Dockerfile").write_text("FROM scratch", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert libraries.hiding() is None
