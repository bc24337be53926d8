"""The directories of ``--persist``: ours alone are used and removed, and never through a link."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines import data, state
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.engines.docker import container
from osem_tasks.engines.docker.container import LABEL, LABEL_PERSIST, LABEL_SHARED, Snapshot
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KIND = "java"
NOBODY = 65534
REQUEST = EngineRequest(
    name="mine", default_port=0, default_image="", timeout=1, engine=KIND, persist=True
)
LAST = EngineRecord(
    engine=KIND, name="mine", endpoint="http://127.0.0.1:9", started_at="now", used_at=0.0
)


def kept() -> Path:
    """The directory of engine `mine` after one start that wanted it, with data in it."""
    with data.kept(KIND, REQUEST):
        pass
    directory = data.path(KIND, "mine")
    (directory / "shared-local-instance.db").write_bytes(b"rows")
    return directory


def test_a_directory_is_private_and_says_whose_it_is() -> None:
    """Only this user may enter it; it is in the state directory, of its name and kind."""
    directory = kept()

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert state.read(directory / data.OWNER) == {"engine": KIND, "name": "mine"}
    assert (data.exists(KIND, "mine"), data.exists(KIND, "other")) == (True, False)
    assert (data.exists("other", "mine"), directory.parent) == (False, state.directory())


def test_a_second_start_finds_what_the_first_has_left() -> None:
    """The data stays, also where a user has opened the directory to others."""
    directory = kept()
    directory.chmod(0o755)

    with data.kept(KIND, REQUEST):
        assert (directory / "shared-local-instance.db").read_bytes() == b"rows"

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_nothing_is_made_unless_it_is_wanted() -> None:
    """A start in memory leaves no directory."""
    with data.kept(KIND, replace(REQUEST, persist=False)):
        assert not data.path(KIND, "mine").exists()


@pytest.mark.parametrize("had", [True, False], ids=["earlier-data", "new"])
@pytest.mark.parametrize(
    "failure", [OsemError("no", code=ErrorCode.TIMEOUT, remediation="wait"), KeyboardInterrupt()]
)
def test_a_failed_start_removes_only_what_it_made(had: bool, failure: BaseException) -> None:
    """Data of an earlier start outlives a failure of this one."""
    if had:
        kept()
    with pytest.raises(type(failure)), data.kept(KIND, REQUEST):
        raise failure

    assert data.path(KIND, "mine").exists() is had


def test_an_empty_directory_is_of_a_start_that_was_killed() -> None:
    """Killed between making the directory and naming its owner, the next start goes on."""
    data.path(KIND, "mine").mkdir()

    assert kept().exists()


def _link(directory: Path) -> Path:
    target = directory.parent / "target"
    target.mkdir()
    state.write(target / data.OWNER, {"engine": KIND, "name": "mine"})
    directory.symlink_to(target)
    return target / data.OWNER


def _dangling(directory: Path) -> Path:
    directory.symlink_to(directory.parent / "nothing")
    return directory


def _file(directory: Path) -> Path:
    directory.touch()
    return directory


def _strange(directory: Path) -> Path:
    directory.mkdir()
    (directory / "thesis.txt").touch()
    return directory / "thesis.txt"


def _of_another_engine(directory: Path) -> Path:
    directory.mkdir()
    state.write(directory / data.OWNER, {"engine": KIND, "name": "theirs"})
    return directory / data.OWNER


def _owner_is_a_link(directory: Path) -> Path:
    other = _of_another_engine(directory).rename(directory.parent / "owner")
    state.write(other, {"engine": KIND, "name": "mine"})
    (directory / data.OWNER).symlink_to(other)
    return directory / data.OWNER


def _unreadable_owner(directory: Path) -> Path:
    directory.mkdir()
    (directory / data.OWNER).write_text("{", encoding="utf-8")
    return directory / data.OWNER


def _of_another_user(directory: Path) -> Path:
    directory.mkdir()
    state.write(directory / data.OWNER, {"engine": KIND, "name": "mine"})
    if os.geteuid() != 0:
        (directory / data.OWNER).unlink()  # only root can give a directory away
        (directory / "theirs").touch()
        return directory / "theirs"
    os.chown(directory, NOBODY, NOBODY)
    return directory / data.OWNER


@pytest.mark.parametrize(
    "make",
    [
        _link,
        _dangling,
        _file,
        _strange,
        _of_another_engine,
        _owner_is_a_link,
        _unreadable_owner,
        _of_another_user,
    ],
)
def test_what_is_not_ours_is_refused_and_stays(make: Callable[[Path], Path]) -> None:
    """It is neither used nor removed, and it is no data of ours."""
    directory = data.path(KIND, "mine")
    inside = make(directory)

    with (
        pytest.raises(OsemError, match="was not created by osem_tasks") as caught,
        data.kept(KIND, REQUEST),
    ):
        pytest.fail("it was used")

    assert str(directory) in caught.value.message
    assert "--name mine-2" in caught.value.remediation
    assert (data.exists(KIND, "mine"), data.remove(KIND, "mine")) == (False, False)
    assert os.path.lexists(inside)
    assert data.note(KIND, replace(REQUEST, persist=False)) == ""


def test_a_link_inside_is_removed_and_not_followed(tmp_path: Path) -> None:
    """What a link in our directory leads to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.txt").touch()
    directory = kept()
    (directory / "link").symlink_to(outside)

    assert data.remove(KIND, "mine")

    assert (directory.exists(), (outside / "thesis.txt").exists()) == (False, True)


def test_data_in_use_is_neither_removed_nor_shared() -> None:
    """Who has a file open is named; the processes of the engine itself do not count."""
    directory = kept()
    with (directory / "shared-local-instance.db").open("rb"):
        with pytest.raises(OsemError, match="Nothing was removed") as removal:
            data.refuse_if_used(KIND, "mine", own=(), keeping="inv local.down")
        with pytest.raises(OsemError, match="Nothing was started"), data.kept(KIND, REQUEST):
            pytest.fail("it was used")
        data.refuse_if_used(KIND, "mine", own=(os.getpid(),), keeping="inv local.down")
    data.refuse_if_used(KIND, "mine", own=(), keeping="inv local.down")

    assert f"in use by process {os.getpid()}" in removal.value.message
    assert removal.value.remediation == (f"kill {os.getpid()}   or keep the data: inv local.down")


def test_kept_data_that_is_not_used_is_told() -> None:
    """A start in memory names the directory, and the command that uses it."""
    assert data.note(KIND, replace(REQUEST, persist=False)) == ""
    directory = kept()

    told = data.note(KIND, replace(REQUEST, persist=False, fresh=True))

    assert (str(directory) in told, "--persist" in told, "--fresh" in told) == (True, True, False)
    assert data.note(KIND, REQUEST) == ""


FLAGS: dict[str, Any] = {
    "persist": st.sampled_from([None, True, False]),
    "fresh": st.booleans(),
    "shared": st.booleans(),
}


@given(st.fixed_dictionaries(FLAGS), st.booleans(), st.booleans())
def test_an_ended_process_comes_back_as_a_stopped_container_does(
    wanted: dict[str, Any], persist: bool, shared: bool
) -> None:
    """What `--persist`, `--fresh` and `--isolated` mean does not depend on the kind of engine."""
    request = replace(REQUEST, **wanted)
    stopped = Snapshot(
        id="1",
        name="mine",
        status="exited",
        image="",
        labels={
            LABEL: "mine",
            LABEL_PERSIST: "yes" if persist else "no",
            LABEL_SHARED: "yes" if shared else "no",
        },
    )
    action = container.decide(stopped, request)
    starts = action is container.ContainerAction.START

    resumed = data.resumed(request, replace(LAST, persist=persist, shared=shared))

    assert resumed.persist == bool(request.persist or (persist and not request.fresh))
    if starts:
        assert (resumed.persist, resumed.shared) == (persist, shared)


def test_a_first_start_keeps_nothing_unless_it_says_so() -> None:
    """Without a record of an earlier process the request alone counts."""
    assert data.resumed(replace(REQUEST, persist=None), None).persist is False
    assert data.resumed(REQUEST, None).persist is True
