"""The files of a dump: private to this user, with errors that name the file."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_FOLDER, _FILE = 0o700, 0o600
_REMEDIES = {
    errno.ENOSPC: "Free some space there, then run the same command again: it continues.",
    errno.EDQUOT: "Free some space there, then run the same command again: it continues.",
}
_WRITE = "Name a folder in which you can write: --output DIR"
_READ = "Name the folder that db.dump wrote, or a folder synced from S3: --input DIR"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert an OSError of the body to an OsemError (INVALID_CONFIGURATION) about ``path``."""
    try:
        yield
    except OSError as error:
        raise OsemError(
            f"{path} cannot be written: {error.strerror or error}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=_REMEDIES.get(error.errno or 0, _WRITE),
        ) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Convert an OSError of the body to an OsemError (INVALID_CONFIGURATION) about ``path``."""
    try:
        yield
    except OSError as error:
        raise OsemError(
            f"{path} cannot be read: {error.strerror or error}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=_READ,
        ) from error


@contextlib.contextmanager
def locked(
    path: Path, busy: OsemError, guard: Callable[[Path], AbstractContextManager[None]] = writing
) -> Iterator[None]:
    """Hold the lock file ``path``; raise ``busy`` at once if another process holds it.

    ``guard`` converts an OSError about the file itself.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0, mode=0o600)
    with guard(path):
        try:
            lock.acquire()
        except Timeout as error:  # an OSError too
            raise busy from error
    try:
        yield
    finally:
        lock.release()


def make(path: Path) -> None:
    """Create the folder ``path``, private to this user, if it is not there. Raises OsemError."""
    with writing(path):
        for folder in reversed((path, *path.parents)):
            if not folder.exists():
                folder.mkdir(mode=_FOLDER, exist_ok=True)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def create(path: Path, *, keep: bool = False) -> BinaryIO:
    """Open the file ``path`` for writing, private to this user; ``keep`` what it holds.

    Raises OsemError. A symbolic link is refused.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with writing(path):
        descriptor = os.open(path, flags if keep else flags | os.O_TRUNC, _FILE)
        return os.fdopen(descriptor, "r+b")


def replace(path: Path, content: bytes) -> None:
    """Write a small file as a whole: after a kill it has the old content or the new one.

    Raises OsemError.
    """
    draft = path.with_name(f".{path.name}.tmp")
    with create(draft) as stream, writing(path):
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    with writing(path):
        draft.replace(path)


def settle(path: Path) -> None:
    """Have all files of the folder ``path`` on the disk, not only in memory. Raises OsemError."""
    for folder, _, names in os.walk(path):
        for name in names:
            _settle(Path(folder, name), os.O_RDWR)
        if os.name != "nt":  # Windows opens no folder
            _settle(Path(folder), os.O_RDONLY)


def _settle(path: Path, flags: int) -> None:
    with writing(path):
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def ignore_in_git(path: Path) -> None:
    """Keep a new folder of data out of a repository. Raises OsemError."""
    mark = path / ".gitignore"
    if not mark.exists():
        replace(mark, b"*\n")
