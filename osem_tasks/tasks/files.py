"""Write the files that a user requests from a task.

A file is written under a temporary name and renamed, so that a full disk, a kill or a refusal
keeps the old file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEDY = "Name a file in a directory that exists and can be written to."
_REMEDIES = {
    errno.ENOSPC: "Free some space there, or name a file elsewhere.",
    errno.EDQUOT: "Free some space there, or name a file elsewhere.",
    errno.ENXIO: "Start the program that reads the pipe first, or name a file.",
}
# Paths of descriptors, which another process has opened.
_STREAMS = ("/dev/fd/", "/dev/std", "/proc/")
# The permissions of a new file before the umask, as in `open`.
_NEW = 0o666


def write(path: str, text: str, *, append: bool = False) -> None:
    """Write ``text`` to the file ``path``, or append it.

    Symlinks are followed, an existing file keeps its permissions, and pipes and devices are
    written directly. Raises OsemError (INVALID_CONFIGURATION).
    """
    # Characters that UTF-8 cannot encode become JSON escapes.
    content = text.encode("utf-8", errors="backslashreplace")
    try:
        found = _found(path)
        if append or (found and not stat.S_ISREG(found.st_mode)) or path.startswith(_STREAMS):
            _add(path, content)
        else:
            _replace(Path(os.path.realpath(path)), content, found)
    except OSError as error:
        reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
        raise OsemError(
            f"{path} cannot be written: {reason}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=_REMEDIES.get(error.errno or 0, REMEDY),
        ) from error


def _found(path: str) -> os.stat_result | None:
    """Stat the path and follow symlinks. Raises OSError for a directory, also a new one, or ``-``."""
    if path == "-":  # means stdout in other tools
        raise OSError(errno.EINVAL, "'-' names no file; './-' would")
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        if path.endswith(("/", os.sep)):
            raise OSError(errno.EISDIR, "the path names a folder") from None
        return None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return found


def _add(path: str, content: bytes) -> None:
    """Write to a stream or append to a file; a partial append to a file is removed."""
    # Without O_NONBLOCK, open() blocks on a pipe without a reader.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, _NEW)
    with open(descriptor, "wb", buffering=0) as stream:  # noqa: PTH123  a descriptor has no path
        os.set_blocking(descriptor, True)
        before = os.fstat(descriptor)
        try:
            _write_all(descriptor, content)
        except OSError:
            if stat.S_ISREG(before.st_mode):
                stream.truncate(before.st_size)
            raise


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _replace(target: Path, content: bytes, found: os.stat_result | None) -> None:
    if found and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with _beside(target) as (temporary, descriptor):
        if found:
            _keep_rights(temporary, found)
        _write_all(descriptor, content)
        os.fsync(descriptor)
        temporary.replace(target)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[tuple[Path, int]]:
    """Create a file in the target's directory, open for writing; remove it unless it is renamed."""
    # A short name, because the target's name may already have 255 characters.
    temporary = target.with_name(f".osem-{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NEW)
    try:
        yield temporary, descriptor
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def _keep_rights(temporary: Path, found: os.stat_result) -> None:
    # Only root may change a file's owner; the permissions matter more than the owner.
    with contextlib.suppress(PermissionError):
        os.chown(temporary, found.st_uid, found.st_gid)
    temporary.chmod(stat.S_IMODE(found.st_mode))
