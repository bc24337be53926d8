"""Files that a task writes because it was asked to."""

from __future__ import annotations

import os
import resource
import select
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.tasks.files import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = "x" * 10_000


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond 1,000 bytes: the same refusal as a full disk's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_written_anew_or_added_to(tmp_path: Path) -> None:
    """What was there is replaced, unless it is to be kept."""
    path = tmp_path / "out.txt"

    write(str(path), "first")
    write(str(path), "Zoë →")
    write(str(path), " more", append=True)

    assert path.read_text(encoding="utf-8") == "Zoë → more"
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize(
    "name",
    ["missing/out.txt", ".", "new/", "loop", "x" * 300, "text/out.txt"],
    ids=["no-directory", "a-directory", "a-new-one", "a-loop", "a-long-name", "below-a-file"],
)
@pytest.mark.parametrize("append", [False, True], ids=["anew", "added"])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str, append: bool) -> None:
    """The path and the system's reason, and what to do about it."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "text").write_text("text")
    path = f"{tmp_path}/{name}"

    with pytest.raises(OsemError) as caught:
        write(path, "text", append=append)

    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    assert caught.value.message.startswith(f"{path} cannot be written: ")
    assert caught.value.remediation


@pytest.mark.parametrize("append", [False, True], ids=["anew", "added"])
@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, append: bool) -> None:
    """Neither half of the new text nor a file beside it stays."""
    path = tmp_path / "out.txt"
    path.write_text("old")

    with pytest.raises(OsemError, match="cannot be written"):
        write(str(path), LONG, append=append)

    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_no_new_file(tmp_path: Path) -> None:
    """A file that could not be written whole is not there."""
    with pytest.raises(OsemError, match="cannot be written"):
        write(str(tmp_path / "out.txt"), LONG)

    assert names(tmp_path) == []


def test_a_full_device_says_so() -> None:
    """A device is written to as it is, and its refusal is told with a remedy of its own."""
    with pytest.raises(OsemError, match="No space left") as caught:
        write("/dev/full", "text")

    assert "space" in caught.value.remediation


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755], ids=oct)
def test_an_existing_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    """A file that others must not read stays so."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(mode)

    write(str(path), "new")

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """The process's umask decides, not the way the file comes about."""
    write(str(tmp_path / "ours"), "text")
    (tmp_path / "other").write_text("text")

    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("exists", [True, False], ids=["to-a-file", "to-nothing"])
def test_a_symlink_is_followed(tmp_path: Path, exists: bool) -> None:
    """The link stays one; what it names is written, in its own directory."""
    target, link = tmp_path / "real" / "out.txt", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link.symlink_to(target)

    write(str(link), "new")

    assert (link.is_symlink(), target.read_text()) == (True, "new")


@pytest.mark.parametrize("append", [False, True], ids=["anew", "added"])
def test_a_pipe_that_nobody_reads_is_refused(tmp_path: Path, append: bool) -> None:
    """Waiting for a reader would have no end."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OsemError, match="nobody reads this pipe"):
        write(str(tmp_path / "pipe"), "text", append=append)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """More than the pipe holds at once reaches its reader, and the pipe stays one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    text = LONG * 20
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    writer = threading.Thread(target=write, args=(str(path), text))
    writer.start()
    select.select([reader], [], [])  # until the writer has come
    with os.fdopen(reader) as stream:
        found = stream.read()
    writer.join()

    assert (found, stat.S_ISFIFO(path.stat().st_mode)) == (text, True)


def test_a_file_that_is_read_only_stays(tmp_path: Path) -> None:
    """Renaming would replace what its owner has locked; root may write it nevertheless."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        pytest.skip("root writes to every file")

    with pytest.raises(OsemError, match="Permission denied"):
        write(str(path), "new")

    assert path.read_text() == "old"


def test_a_dash_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes '-' means stdout, and no file of that name is wanted."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(OsemError, match="'-' names no file"):
        write("-", "text")

    assert names(tmp_path) == []


def test_half_a_character_is_written_as_its_escape(tmp_path: Path) -> None:
    """A name from the command line may hold bytes that are no text."""
    write(str(tmp_path / "out.txt"), '"\udcff"')

    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == r'"\udcff"'
