"""The state directory: private to this user, and never reached through a symbolic link.

Its files are claims. A file is read only if it is regular, small and owned by this user. A
file is written only as a new file. Errors name the file and a remedy.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "OSEM_STATE_DIR"
REMEDY = f"Set {VARIABLE} to a directory of your own that you can write to."
# A record has about 600 bytes.
MAX_BYTES = 65536
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600
# Windows lacks these flags, but there links need privileges and directories hold no FIFOs.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class UnreadableError(Exception):
    """A state file that this package did not write; the text says why."""


def directory() -> Path:
    """Return the state directory, created if absent and private to this user.

    Raises OsemError (INVALID_CONFIGURATION) if it cannot be created or has another owner.
    """
    path = location()
    try:
        path.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        _refuse(f"The state directory {path} cannot be made: {error.strerror}.", error)
    if stat.S_ISLNK(found.st_mode):
        _refuse(f"The state directory {path} is a symbolic link.")
    if is_foreign(found):
        _refuse(f"The state directory {path} belongs to another user.")
    if found.st_mode & stat.S_ISVTX:
        _refuse(f"The state directory {path} is shared with other users.")
    if stat.S_IMODE(found.st_mode) != _PRIVATE_DIRECTORY:
        try:
            path.chmod(_PRIVATE_DIRECTORY)
        except OSError as error:
            _refuse(f"The state directory {path} cannot be made private: {error.strerror}.", error)
    return path


def location() -> Path:
    """Return the path of the state directory. Raises OsemError if there is no home directory."""
    configured = os.environ.get(VARIABLE)
    try:
        if configured:
            path = Path(configured).expanduser()
        else:
            from platformdirs import user_state_path

            path = user_state_path("osem-tasks", appauthor=False)
    except (RuntimeError, KeyError) as error:
        _refuse("There is no home directory in which running engines could be recorded.", error)
    # Without a home directory '~' is not expanded and would become a directory of that name.
    if path.parts[:1] and path.parts[0].startswith("~"):
        _refuse("There is no home directory in which running engines could be recorded.")
    return Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow a link


def read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a state file. Raises FileNotFoundError and UnreadableError."""
    try:
        with open_plain(path) as stream:
            text = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or type(error).__name__) from error
    if len(text) > MAX_BYTES:
        raise UnreadableError("it is too large")
    try:
        values = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("it is no JSON") from error
    if not isinstance(values, dict):
        raise UnreadableError("it is no JSON object")
    return values


@contextlib.contextmanager
def open_plain(path: Path) -> Iterator[Any]:
    """Open a regular file of this user for reading bytes. Raises OSError, UnreadableError.

    The call does not block on a FIFO and does not follow a symbolic link.
    """
    descriptor = os.open(path, os.O_RDONLY | _PLAIN)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or is_foreign(found):
        os.close(descriptor)
        raise UnreadableError("it is no plain file of this user")
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def create(path: Path) -> int:
    """Replace the file with a new, private, empty one and return its descriptor.

    Raises OsemError.
    """
    with writing(path):
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, _PRIVATE_FILE)


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Write a state file atomically. Raises OsemError."""
    draft = path.with_name(f".{os.getpid()}.{path.name}.tmp")
    try:
        with os.fdopen(create(draft), "w", encoding="utf-8") as stream, writing(path):
            json.dump(values, stream, indent=2)
            stream.write("\n")
            stream.flush()
        with writing(path):
            draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a state file if it exists. Raises OsemError."""
    with writing(path):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert an OSError in the body to an OsemError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: OSError) -> OsemError:
    """Return the error for a state file that the system refuses to write."""
    return OsemError(
        f"The state file {path} cannot be written: {error.strerror or error}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=REMEDY,
    )


def is_foreign(found: os.stat_result) -> bool:
    """Return whether a file belongs to another user."""
    return hasattr(os, "geteuid") and found.st_uid != os.geteuid()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(message: str, cause: Exception | None = None) -> NoReturn:
    raise OsemError(message, code=ErrorCode.INVALID_CONFIGURATION, remediation=REMEDY) from cause
