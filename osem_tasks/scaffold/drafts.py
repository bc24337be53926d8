"""Files that are to be written: what is there already, and how one is created.

No file that exists is changed: each is created under its name only if nothing has that name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The permissions of a new file before the umask, as in `open`.
_NEW = 0o666


class State(Enum):
    """What is at a draft's path."""

    NEW = "written"
    SAME = "as it would be written"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file of the project.

    ``base`` is the folder that the file must not leave. ``about`` says in a few words what the
    file is. ``by_hand`` are lines for a file that exists already, unless it holds ``mark``: then
    it has them, in some form. ``instead`` are files that do the same under another name. Without
    exactly the text of a ``required`` one, the other files are of no use.
    """

    base: Path
    name: str
    text: str
    about: str
    by_hand: str = ""
    mark: str = ""
    instead: tuple[str, ...] = ()
    required: bool = False

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.base / self.name

    def existing(self) -> Path | None:
        """The file that is there, under this name or one of those that do the same."""
        places = (self.path, *(self.base / name for name in self.instead))
        return next((path for path in places if os.path.lexists(path)), None)

    def state(self) -> State:
        """Return what is there. Raises ValueError with what is in the way."""
        found = self.existing()
        if found is None:
            self._check_folders()
            return State.NEW
        if os.path.isdir(found):  # noqa: PTH112  Path raises
            raise ValueError(f"{found} is a folder")
        if not os.path.exists(found):  # noqa: PTH110
            raise ValueError(f"{found} is a link to nothing")
        return State.SAME if found == self.path and self._is_same() else State.KEPT

    def is_used(self) -> bool:
        """Return whether the file that is there holds the mark."""
        found = self.existing()
        if not (self.mark and found and os.path.isfile(found)):  # noqa: PTH113  a pipe would block
            return False
        try:
            return self.mark.encode() in found.read_bytes()
        except OSError:
            return False

    def _is_same(self) -> bool:
        if not os.path.isfile(self.path):  # noqa: PTH113  a pipe would block
            return False
        try:
            return self.path.read_bytes().replace(b"\r\n", b"\n") == self.text.encode()
        except OSError:
            return False

    def _check_folders(self) -> None:
        """Refuse a folder that is none, cannot be written to, or leads elsewhere."""
        real = os.path.realpath(self.base)
        folder = self.path.parent
        while not os.path.lexists(folder):
            folder = folder.parent
        if not os.path.isdir(folder):  # noqa: PTH112
            raise ValueError(f"{folder} is not a folder")
        found = os.path.realpath(folder)
        if os.path.commonpath([real, found]) != real:
            raise ValueError(f"{folder} leads out of the project, to {found}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(f"{folder} cannot be written to")

    def create(self) -> None:
        """Write the file; one that appeared in between is kept. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(self.path, flags, _NEW)
        try:
            with open(descriptor, "wb") as stream:  # noqa: PTH123  a descriptor has no path
                stream.write(self.text.encode())
        except OSError:
            self.path.unlink()
            raise
