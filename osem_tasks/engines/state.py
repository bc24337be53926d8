"""The state directory: private, of this user, never by way of a symbolic link.

What lies in it are claims: a file is read only where it is a plain, small one of this user,
and written only where there was none. Errors name the file and what to do.
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
# A record has some 600 bytes.
MAX_BYTES = 65536
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600
# Windows has neither links without privileges nor FIFOs in directories.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class UnreadableError(Exception):
    """A state file that is not what this package writes; the text says why."""


def directory() -> Path:
    """The state directory; it exists afterwards, and only this user may use it.

    Raises OsemError (INVALID_CONFIGURATION) when it cannot be made, or is another's.
    """
    path = location()
    try:
        path.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        _refuse(f"The state directory {path} cannot be made: {error.strerror}.", error)
    if stat.S_ISLNK(found.st_mode):
        _refuse(f"The state directory {path} is a symbolic link.")
    if _is_foreign(found):
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
    """Where the state directory is or will be. Raises OsemError where there is no home."""
    configured = os.environ.get(VARIABLE)
    try:
        if configured:
            path = Path(configured).expanduser()
        else:
            from platformdirs import user_state_path

            path = user_state_path("osem-tasks", appauthor=False)
    except (RuntimeError, KeyError) as error:
        _refuse("There is no home directory in which running engines could be recorded.", error)
    # Without a home, '~' stays as it is: it would become a directory of that name.
    if path.parts[:1] and path.parts[0].startswith("~"):
        _refuse("There is no home directory in which running engines could be recorded.")
    return Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow a link


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a state file. Raises FileNotFoundError and UnreadableError."""
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
    """A plain file of this user, open for reading bytes. Raises OSError, UnreadableError.

    A FIFO is not waited for, and a symbolic link not followed.
    """
    descriptor = os.open(path, os.O_RDONLY | _PLAIN)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or _is_foreign(found):
        os.close(descriptor)
        raise UnreadableError("it is no plain file of this user")
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def create(path: Path) -> int:
    """A descriptor of a new, private, empty file in place of what was there.

    Raises OsemError.
    """
    with writing(path):
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, _PRIVATE_FILE)


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Write a state file as a whole: a reader never sees half of it. Raises OsemError."""
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
    """Remove a state file, if there is one. Raises OsemError."""
    with writing(path):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system refuses in the body into an OsemError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: OSError) -> OsemError:
    """The error for a state file that the system does not let us write."""
    return OsemError(
        f"The state file {path} cannot be written: {error.strerror or error}.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation=REMEDY,
    )


def _is_foreign(found: os.stat_result) -> bool:
    return hasattr(os, "geteuid") and found.st_uid != os.geteuid()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(message: str, cause: Exception | None = None) -> NoReturn:
    raise OsemError(message, code=ErrorCode.INVALID_CONFIGURATION, remediation=REMEDY) from cause
