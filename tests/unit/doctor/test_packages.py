"""Python and the packages that this one needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from osem_tasks.doctor import packages
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Status
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, name: str, *requirements: str, version: str = "1.0") -> None:
    """Leave in a folder what pip leaves of an installed package."""
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requirements)]
    (place / "METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(lines), encoding="utf-8")


@pytest.fixture
def needy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; `near` 1.0 is there."""
    install(tmp_path, "near")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "requirements, status, words, remedy",
    [
        ((), Status.OK, "all that it needs are installed", ""),
        (("near>=1",), Status.OK, "all that it needs", ""),
        (
            ("near>=2,<3",),
            Status.FAILED,
            "near 1.0 does not serve (<3,>=2 is needed)",
            "'near<3,>=2'",
        ),
        (("absent>=1",), Status.FAILED, "absent is not installed", "'absent>=1'"),
        (("near>2", "absent"), Status.FAILED, "near 1.0 does not serve", "absent"),
        (('absent; extra == "x"',), Status.OK, "all that it needs", ""),
        (('absent; python_version < "3"',), Status.OK, "all that it needs", ""),
    ],
    ids=str,
)
def test_a_requirement_that_nothing_meets(
    needy: Path, requirements: tuple[str, ...], status: Status, words: str, remedy: str
) -> None:
    """It is named with what is installed; the remedy installs it for this interpreter."""
    install(needy, "needy", *requirements)

    (found,) = packages.packages(situation_of(), "needy")

    assert (found.status, words in found.message) == (status, True)
    if remedy:
        assert found.remediation.startswith(f"{sys.executable} -m pip install ")
        assert found.remediation.endswith(remedy)


def test_a_checkout_that_is_not_installed() -> None:
    """Its requirements are unknown, which is no failure."""
    (found,) = packages.packages(situation_of(), "osem-tasks-that-nobody-installed")

    assert (found.status, "is not installed" in found.message) == (Status.INFO, True)


def test_a_module_in_the_place_of_a_library() -> None:
    """The error of the tasks, as a finding."""
    situation = situation_of()
    situation.hidden = OsemError(
        "x/docker.py hides the library 'docker'.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="Rename it.",
    )

    (found,) = packages.modules(situation)

    assert (found.status, found.remediation) == (Status.FAILED, "Rename it.")


def test_the_python_that_runs() -> None:
    """Its version and its path."""
    (found,) = packages.python(situation_of())

    assert (found.status, found.message.endswith(sys.executable)) == (Status.OK, True)
