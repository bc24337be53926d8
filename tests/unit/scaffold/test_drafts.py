"""A file is written only where nothing is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from osem_tasks.scaffold.drafts import Draft, State

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "the text\n"


def draft(base: Path, name: str = "a/b.txt", **values: str) -> Draft:
    """A draft below a folder."""
    return Draft(base, name, TEXT, "a file", **values)  # type: ignore[arg-type]  # only texts


def test_a_new_file_and_its_folders_are_created(tmp_path: Path) -> None:
    """Afterwards the same draft is there already."""
    mine = draft(tmp_path)
    before = mine.state()

    mine.create()

    assert (before, mine.state(), mine.path.read_text()) == (State.NEW, State.SAME, TEXT)
    assert mine.path.stat().st_mode & 0o111 == 0


@pytest.mark.parametrize(
    "content, state",
    [
        pytest.param(TEXT.encode(), State.SAME, id="same"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), State.SAME, id="line-ends-of-git"),
        pytest.param(b"", State.KEPT, id="empty"),
        pytest.param(b"the te", State.KEPT, id="half"),
        pytest.param(b"\xff\xfe\0", State.KEPT, id="binary"),
    ],
)
def test_a_file_that_exists_stays(tmp_path: Path, content: bytes, state: State) -> None:
    """Creating it is refused, whatever is in it."""
    mine = draft(tmp_path, "b.txt")
    mine.path.write_bytes(content)

    with pytest.raises(FileExistsError):
        mine.create()

    assert (mine.state(), mine.path.read_bytes()) == (state, content)


def test_a_pipe_is_kept_and_not_read(tmp_path: Path) -> None:
    """Looking at it does not block."""
    mine = draft(tmp_path, "b.txt", mark="x")
    os.mkfifo(mine.path)

    assert (mine.state(), mine.is_used()) == (State.KEPT, False)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    """It is kept, and what it leads to is not touched."""
    (tmp_path / "other").write_text("other", encoding="utf-8")
    mine = draft(tmp_path, "b.txt")
    mine.path.symlink_to("other")

    with pytest.raises(FileExistsError):
        mine.create()

    assert (mine.state(), (tmp_path / "other").read_text()) == (State.KEPT, "other")


@pytest.mark.parametrize(
    "way, problem",
    [
        ("folder", "b.txt is a folder"),
        ("dangling", "b.txt is a link to nothing"),
        ("loop", "b.txt is a link to nothing"),
        ("parent-is-a-file", "a is not a folder"),
        ("parent-dangles", "a is not a folder"),
        ("parent-leads-out", "leads out of the project, to "),
    ],
)
def test_what_is_in_the_way_is_named(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, way: str, problem: str
) -> None:
    """It is told before anything is written."""
    folder = tmp_path / "a"
    if not way.startswith("parent"):
        folder.mkdir()
    if way == "folder":
        (folder / "b.txt").mkdir()
    if way in ("dangling", "loop"):
        (folder / "b.txt").symlink_to("b.txt" if way == "loop" else "nowhere")
    if way == "parent-is-a-file":
        folder.write_text("", encoding="utf-8")
    if way == "parent-dangles":
        folder.symlink_to("nowhere")
    if way == "parent-leads-out":
        folder.symlink_to(tmp_path_factory.mktemp("elsewhere"))

    with pytest.raises(ValueError, match=problem):
        draft(tmp_path).state()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes to every folder")
def test_a_folder_without_rights_is_named(tmp_path: Path) -> None:
    """A read-only folder is found before anything is written."""
    tmp_path.chmod(0o555)

    with pytest.raises(ValueError, match="cannot be written to"):
        draft(tmp_path).state()

    tmp_path.chmod(0o755)


def test_a_folder_that_leads_elsewhere_within_is_fine(tmp_path: Path) -> None:
    """A project may link one of its folders to another."""
    (tmp_path / "real").mkdir()
    (tmp_path / "a").symlink_to("real")
    mine = draft(tmp_path)

    mine.create()

    assert (tmp_path / "real" / "b.txt").read_text() == TEXT


def test_a_file_of_the_same_use_counts(tmp_path: Path) -> None:
    """A package ``tasks`` stands for ``tasks.py``."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text("import osem_tasks", encoding="utf-8")
    mine = Draft(tmp_path, "tasks.py", TEXT, "x", mark="osem_tasks", instead=("tasks/__init__.py",))

    assert (mine.state(), mine.is_used()) == (State.KEPT, True)


def test_a_write_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    """A full disk leaves nothing that a later run would keep."""
    resource = pytest.importorskip("resource")
    mine = Draft(tmp_path, "b.txt", "x" * 10_000, "a file")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            mine.create()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert not mine.path.exists()
