"""All checks together: none stops another, none hangs, none changes anything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from osem_tasks.doctor.examine import Check, examine, findings_of, ordered
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.findings import Finding, Status, fine
from tests.support.fake_engines import only_fake_kinds, refusal
from tests.support.situations import situation_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osem_tasks.doctor.situation import Situation

TABLES = {"tables": "osem_tasks.declarations.osem:TABLES"}


def breaking(error: BaseException) -> Check:
    """A check that finds one thing and breaks."""

    def look(_: Situation) -> Iterator[Finding]:
        yield fine("mine", "this far")
        raise error

    return Check("mine", look)


@pytest.mark.parametrize(
    "error, status, words, remedy",
    [
        (
            OsemError("It is off.", code=ErrorCode.TIMEOUT, remediation="turn it on"),
            Status.FAILED,
            "It is off.",
            "turn it on",
        ),
        (ZeroDivisionError("x"), Status.WARNING, "the check itself failed (ZeroDivisionError", ""),
        (
            ImportError("no APIClient", name="docker", path="/p/docker.py"),
            Status.FAILED,
            "the Python package docker cannot be used from /p/docker.py",
            "pip install --force-reinstall docker",
        ),
        (ModuleNotFoundError("x", name="docker.errors"), Status.FAILED, "package docker", "pip"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_check_that_breaks_keeps_what_it_found(
    error: BaseException, status: Status, words: str, remedy: str
) -> None:
    """Then it says why it broke, in words."""
    first, second = findings_of(breaking(error), situation_of(), 5.0)
    again = findings_of(breaking(error), situation_of(), None)

    assert first == fine("mine", "this far")
    assert again == [first, second]
    assert (second.name, second.status, words in second.message) == ("mine", status, True)
    assert second.remediation.startswith(remedy)


def test_a_check_that_hangs_is_given_up() -> None:
    """What it would have found is not known, which is a warning."""
    released = threading.Event()

    def look(_: Situation) -> Iterator[Finding]:
        yield fine("mine", "this far")
        released.wait()

    try:
        first, second = findings_of(Check("mine", look), situation_of(), 0.05)
    finally:
        released.set()

    assert first.status is Status.OK
    assert (second.status, "did not end in time" in second.message) == (Status.WARNING, True)


def test_what_stops_comes_first() -> None:
    """Failures, warnings, the rest; otherwise as the main job would meet them."""
    statuses = [Status.OK, Status.WARNING, Status.INFO, Status.FAILED, Status.OK, Status.FAILED]
    found = [Finding(str(place), status, "") for place, status in enumerate(statuses)]

    assert [finding.name for finding in ordered(found)] == ["3", "5", "1", "0", "2", "4"]


@pytest.mark.parametrize("exists", [False, True])
def test_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool) -> None:
    """No directory is made, and none gets other rights."""
    path = tmp_path / "state"
    monkeypatch.setenv("OSEM_STATE_DIR", str(path))
    if exists:
        path.mkdir()
        path.chmod(0o755)
        (path / "old.json").write_text("{", encoding="utf-8")

    def tree() -> dict[str, tuple[int, float]]:
        found = [tmp_path, *tmp_path.rglob("*")]
        return {str(entry): (entry.lstat().st_mode, entry.lstat().st_mtime) for entry in found}

    before = tree()
    found = examine(situation_of(configuration=TABLES))

    assert tree() == before
    assert any("old.json" in finding.message for finding in found) == exists


def test_every_kind_of_engine_is_asked_by_itself(state: Path) -> None:
    """A new kind appears without a word here; what fails is judged by what local.up takes."""
    assert state.is_dir()
    with only_fake_kinds() as (lasting, _):
        lasting.refusal = refusal("hardware")
        auto = {one.name: one for one in examine(situation_of(configuration=TABLES))}
        named = situation_of(configuration=TABLES, engine="lasting")
        chosen = {one.name: one for one in examine(named)}

    assert (auto["lasting"].status, auto["fleeting"].status) == (Status.WARNING, Status.OK)
    assert auto["lasting"].remediation == "install hardware"
    assert (chosen["lasting"].status, chosen["fleeting"].status) == (Status.FAILED, Status.OK)
