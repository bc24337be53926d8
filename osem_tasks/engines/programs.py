"""Python programs of other environments, as ``uv tool`` and ``pipx`` install them.

Such a program is a short script, whose first line names the interpreter of its environment.
Each way in which it can be broken has its own sentence.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from osem_tasks.engines import process
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

# Where uv and pipx put programs, which need not be on PATH; uv reads the variable.
USUAL_FOLDER, USUAL_VARIABLE = "~/.local/bin", "XDG_BIN_HOME"
# Asks an interpreter where a package is. It is isolated as an engine's is, so that the user's
# own packages are looked for by name.
_ASK = """
import json, site, sys
from importlib import metadata
sys.path.append(site.getusersitepackages())
try:
    found = metadata.distribution(sys.argv[1])
    print(json.dumps([found.version, str(found.locate_file(""))]))
except metadata.PackageNotFoundError:
    print("[]")
"""
_LINE = 4096
# What pip and uv write where the path of the interpreter is long or has spaces.
_BY_SHELL = re.compile(rb"""^'''exec' (?P<words>.+) "\$0" "\$@"\s*$""")


@dataclass(frozen=True, slots=True)
class Program:
    """A Python program: the interpreter of its package, the folder of that, and its version."""

    path: str
    interpreter: str
    folders: tuple[str, ...]
    version: str


def find(name: str, package: str) -> Program | None:
    """Return the program ``name`` of ``package``: beside this one, or else on ``PATH``.

    Returns None if there is none. Raises OsemError (ENGINE_UNAVAILABLE) if all are broken,
    for the first of them.
    """
    if process.is_installed(package):
        folders = tuple(process.installed_in(package))
        return Program(folders[0], sys.executable, folders, process.version_of(package))
    refusals = []
    for path in _candidates(name):
        try:
            return _program(path, package)
        except OsemError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    return None


def _candidates(name: str) -> list[Path]:
    """Return what is called ``name`` in the folders of programs, whatever it is."""
    folders = [Path(text) for text in os.environ.get("PATH", "").split(os.pathsep) if text]
    with contextlib.suppress(RuntimeError):  # without a home directory
        folders.append(Path(os.environ.get(USUAL_VARIABLE) or USUAL_FOLDER).expanduser())
    # A relative folder is the project's, whose files are no programs of the user.
    paths = dict.fromkeys(folder / name for folder in folders if folder.is_absolute())
    return [path for path in paths if os.path.lexists(path)]


def _program(path: Path, package: str) -> Program:
    """Return the program at ``path``. Raises OsemError if it is not one of ``package``."""
    interpreter = _interpreter(path, package)
    answer = _ask(interpreter, path, package)
    if not answer:
        raise _broken(
            f"{path} is not the program of the Python package {package}, which {interpreter} does "
            "not have.",
            f"Rename or remove {path}, or have another one before it on PATH: "
            f"uv tool install {package}",
        )
    version, folder = answer
    return Program(str(path), interpreter, (folder,), version)


def _interpreter(path: Path, package: str) -> str:
    """Return the interpreter that the first line of a script names. Raises OsemError."""
    again = f"uv tool install --reinstall {package}   or: pipx reinstall {package}"
    if path.is_dir():
        raise _broken(f"{path} is a directory, not a program.", f"Rename or remove {path}")
    try:
        first, second = _first_lines(path)
    except FileNotFoundError as error:
        raise _broken(f"{path} is a link to {path.readlink()}, which is gone.", again) from error
    except OSError as error:
        raise _broken(f"{path} cannot be read: {error.strerror}.", again) from error
    if not os.access(path, os.X_OK):
        raise _broken(f"{path} is not executable.", f"chmod +x {shlex.quote(str(path))}")
    named = _named(first, second)
    found = shutil.which(named) if named else None
    if not named or not Path(named).name.startswith(("python", "pypy")):
        raise _broken(
            f"{path} is not the program of the Python package {package}: its first line names no "
            "Python.",
            f"Have another one before it on PATH: uv tool install {package}",
        )
    if not found:
        raise _broken(f"{path} needs {named}, which is not there (any more).", again)
    return found


def _first_lines(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        return file.readline(_LINE), file.readline(_LINE)


def _named(first: bytes, second: bytes) -> str:
    """Return the interpreter of a script with these lines; empty if they name none."""
    if not first.startswith(b"#!"):
        return ""
    by_shell = _BY_SHELL.match(second)
    line = by_shell["words"] if by_shell else first[2:]
    try:
        words = shlex.split(os.fsdecode(line.strip()))
    except ValueError:
        return ""
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words else ""


def _ask(interpreter: str, path: Path, package: str) -> list[str]:
    """Return version and folder of ``package`` in an interpreter; empty if it has none."""
    try:
        done = subprocess.run(  # noqa: S603  an installed interpreter, no shell
            [interpreter, "-I", "-c", _ASK, package],
            env=process.environment(Path.home(), os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=policy.current().program,
            check=True,
        )
        answer: list[str] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        why = f"it does not answer within {error.timeout:g} s"
    except subprocess.CalledProcessError as error:
        why = (error.stderr.strip().splitlines() or [f"it ends with code {error.returncode}"])[-1]
    except (OSError, ValueError) as error:
        why = str(error)
    else:
        return answer
    raise _broken(
        f"{path} cannot run: its Python {interpreter} fails ({why}).",
        f"uv tool install --reinstall {package}   or: pipx reinstall {package}",
    )


def _broken(message: str, remedy: str) -> OsemError:
    return OsemError(message, code=ErrorCode.ENGINE_UNAVAILABLE, remediation=remedy)
