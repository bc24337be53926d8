"""One state directory per Nox session; the next session removes those of killed ones.

``python -m osem_tasks.testing.session PID`` creates one for the session of process PID and
prints its path. It is in the user's state directory, where the next session finds it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

from osem_tasks.engines import claims, host, records, state
from osem_tasks.errors import OsemError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER, OWNER = "sessions", "owner"


def begin(pid: int) -> Path:
    """Return a new state directory for the session of process ``pid``. Raises OsemError.

    The directories of killed sessions are removed first.
    """
    remove_abandoned()
    path = records.directory() / FOLDER / f"{pid}-{uuid.uuid4().hex[:8]}"
    with state.writing(path):
        path.mkdir(mode=0o700, parents=True)
    state.write(path / OWNER, {"pid": pid, "identity": host.process_identity(pid)})
    return path


def remove_abandoned() -> None:
    """Stop the engines of sessions whose process has ended, and remove their directories."""
    folder = records.directory() / FOLDER
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and _is_abandoned(path) and _stop_all(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(path: Path) -> bool:
    try:
        owner = state.read(path / OWNER)
    except (OSError, state.UnreadableError):
        return False  # incomplete, or not ours
    pid, identity = owner.get("pid"), owner.get("identity")
    sound = isinstance(pid, int) and claims.is_pid(pid) and isinstance(identity, str)
    return sound and not host.is_alive(int(str(pid)), 0.0, identity)


def _stop_all(path: Path) -> bool:
    """Stop every engine that is recorded in ``path``; return whether all are gone."""
    suffixes = (records.RECORD, records.INTENT)
    names = {file.stem for file in path.iterdir() if file.suffix in suffixes}
    environment = {**os.environ, state.VARIABLE: str(path)}
    commands = (
        [sys.executable, "-m", "osem_tasks", "local.down", "--name", name, "--quiet"]
        for name in sorted(names)
    )
    return all(
        subprocess.run(  # noqa: S603  our own interpreter, no shell
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).returncode
        == 0
        for command in commands
    )


def main(words: list[str]) -> int:
    """Create a directory for the session of the process whose pid is the first word."""
    try:
        sys.stdout.write(f"{begin(int(words[0]))}\n")
    except OsemError as error:
        sys.stderr.write(f"{error.message}\n→ {error.remediation}\n")
        return 1
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
