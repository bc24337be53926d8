"""dynamodb-admin as a process of Node.js: found on PATH, or installed once with npm."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK, variables
from osem_tasks.engines import children, process, records
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osem_tasks.engines.base import Say

PACKAGE, VERSION = "dynamodb-admin", "5.3.3"
INSTALL = f"npm install --global {PACKAGE}"
# The AWS SDK in dynamodb-admin requires it.
OLDEST_NODE = 20
_SCRIPT = Path("node_modules") / PACKAGE / "dist" / f"{PACKAGE}.js"
# dynamodb-admin shows a set as {}, and saves it so: its JSON has no sets. They become lists.
SHOWING_SETS = {
    "NODE_OPTIONS": "--no-warnings --import=data:text/javascript,"
    "Set.prototype.toJSON=function(){return[...this]}"
}
# Runs a script with a word on the command line that the script does not see.
_RUN_SCRIPT = (
    "const [mark, script, ...words] = process.argv.slice(1); "
    "process.argv = [process.argv[0], script, ...words]; require(script)"
)


def installed() -> Path | None:
    """Return the script of dynamodb-admin, from PATH or installed here earlier; None without."""
    found = shutil.which(PACKAGE)
    # A launcher of another kind (a .cmd or a shell script) is not run by node.
    if found and Path(found).resolve().suffix == ".js":
        return Path(found).resolve()
    script = _home() / _SCRIPT
    return script if script.is_file() else None


def node() -> str:
    """Return the path of Node.js. Raises OsemError (ENGINE_UNAVAILABLE) without a usable one."""
    found = shutil.which("node")
    if not found:
        raise _unavailable("Node.js is not installed.", f"Install Node.js {OLDEST_NODE} or newer.")
    try:
        asked = subprocess.run(  # noqa: S603  a path, no shell
            [found, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
        version = re.match(r"v(\d+)\.", asked.stdout)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        version = None
    if not version or int(version[1]) < OLDEST_NODE:
        what = version[0].rstrip(".") if version else "does not tell its version"
        raise _unavailable(
            f"The Node.js at {found} cannot be used ({what}).",
            f"Install Node.js {OLDEST_NODE} or newer.",
        )
    return found


def install(say: Say) -> Path:
    """Install dynamodb-admin into the user's cache, and return its script. Raises OsemError."""
    npm = shutil.which("npm")
    if not npm:
        raise _unavailable("npm is not installed.", "Install npm, which comes with Node.js.")
    say(f"installing {PACKAGE} {VERSION} with npm, once")
    home = _home()
    home.parent.mkdir(parents=True, exist_ok=True)
    # Beside it, then renamed: an interrupted installation must not look like one.
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-", dir=home.parent) as draft:
        _npm_install(npm, draft)
        made = Path(draft) / "made"
        made.mkdir()
        (Path(draft) / "node_modules").rename(made / "node_modules")
        shutil.rmtree(home, ignore_errors=True)
        made.rename(home)
    return home / _SCRIPT


def command(node: str, script: Path, endpoint: str, port: int, mark: str) -> list[str]:
    """Return the command that shows the tables at ``endpoint`` at ``port`` of the loopback.

    ``mark`` is a word of it.
    """
    words = ("--host", LOOPBACK, "--port", str(port), "--dynamo-endpoint", endpoint)
    return [node, "-e", _RUN_SCRIPT, mark, str(script), *words]


def start(command: Sequence[str], endpoint: str, log: Path) -> subprocess.Popen[bytes]:
    """Start dynamodb-admin with the variables of a client of ``endpoint``."""
    home = records.directory()
    settings = {**process.environment(home, os.environ), **variables(endpoint), **SHOWING_SETS}
    return children.spawn(command, settings, home, log)


def _npm_install(npm: str, folder: str) -> None:
    words = ("--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--no-save")
    try:
        done = subprocess.run(  # noqa: S603  a path, no shell
            [npm, "install", *words, f"{PACKAGE}@{VERSION}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=policy.current().npm_install,
            check=False,
            cwd=folder,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unavailable(f"npm cannot install {PACKAGE}: {error}.", INSTALL) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("npm error")][:4]
        raise _unavailable(
            "\n".join([f"npm cannot install {PACKAGE}:", *(f"  {line}" for line in lines)]), INSTALL
        )


def _home() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("osem-tasks", appauthor=False) / f"{PACKAGE}-{VERSION}"


def _unavailable(message: str, remedy: str) -> OsemError:
    return OsemError(message, code=ErrorCode.ENGINE_UNAVAILABLE, remediation=remedy)
