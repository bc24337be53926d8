"""Which Java of this machine runs the engine, and how old it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Mapping

# DynamoDB Local 2 and newer need it.
MINIMUM = 17
HOME = "JAVA_HOME"
_EXE = ".exe" if os.name == "nt" else ""
# Programs that install a JDK, and their command.
_INSTALLERS = {
    "apt-get": "apt-get install openjdk-17-jdk-headless",
    "dnf": "dnf install java-21-openjdk-devel",
    "apk": "apk add openjdk17-jdk",
    "pacman": "pacman -S jdk-openjdk",
    "brew": "brew install openjdk",
    "winget": "winget install EclipseAdoptium.Temurin.21.JDK",
}
# Java reads options from these variables and says so in its output.
_OPTIONS = frozenset(
    {"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS"}
)
_PROPERTY = re.compile(r"^\s*java\.(home|version) = (.+?)\s*$", re.MULTILINE)
_QUOTED = re.compile(r'\bversion "([^"]+)"')
_FEATURE = re.compile(r"(?:1\.)?(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run the engine: its program, its version, and whether it has a compiler."""

    program: Path
    version: str
    has_compiler: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """What Java says about itself: its version as text, and its folder; empty if it is unknown."""

    version: str = ""
    home: str = ""

    @property
    def feature(self) -> int:
        """The number that counts: 8 of ``1.8.0_422``, 25 of ``25-ea``; 0 if it is unknown."""
        found = _FEATURE.match(self.version)
        return int(found[1]) if found else 0


def parse(output: str) -> Settings:
    """Return what ``java -XshowSettings:properties -version`` has printed.

    The line with the version alone, which every Java prints, is enough.
    """
    settings = dict(_PROPERTY.findall(output))
    quoted = _QUOTED.search(output)
    version = settings.get("version") or (quoted[1] if quoted else "")
    return Settings(version=version, home=settings.get("home", ""))


def find(variables: Mapping[str, str]) -> Java:
    """Return the Java of ``JAVA_HOME``, else the one on ``PATH``.

    Raises OsemError (ENGINE_UNAVAILABLE) if there is none, or if it is too old or does not run.
    """
    program, other = _program(variables)
    settings = parse(_ask(program, variables, other))
    if not settings.feature:
        raise _refusal(f"{program} does not say which version of Java it is.", other)
    if settings.feature < MINIMUM:
        raise _refusal(
            f"{program} is Java {settings.feature} ({settings.version}), and DynamoDB Local needs "
            f"Java {MINIMUM} or newer.",
            other,
        )
    # The program may be a script that starts Java as another process, which has another pid.
    folder = Path(settings.home) / "bin" if settings.home else program.parent
    real = folder / f"java{_EXE}"
    return Java(
        program=real if real.is_file() else program,
        version=settings.version,
        has_compiler=(folder / f"javac{_EXE}").is_file(),
    )


def install(variables: Mapping[str, str]) -> str:
    """Return the command that installs a JDK on this machine, or where to find one."""
    path = variables.get("PATH", os.defpath)
    found = (line for program, line in _INSTALLERS.items() if shutil.which(program, path=path))
    return next(found, "Install a JDK from https://adoptium.net")


def _program(variables: Mapping[str, str]) -> tuple[Path, str]:
    """Return the program ``java``, and how to get another one."""
    home, command = variables.get(HOME, ""), install(variables)
    if not home:
        other = f"{command}   or set {HOME} to the folder of a Java {MINIMUM} or newer"
        found = shutil.which("java", path=variables.get("PATH", os.defpath))
        if found is None:
            raise _refusal(f"no Java is installed: {HOME} is not set, and PATH has no java.", other)
        return Path(found).absolute(), other
    other = (
        f"Set {HOME} to the folder of a Java {MINIMUM} or newer   or use the java on PATH: "
        f"unset {HOME}   or install one: {command}"
    )
    program = Path(home).absolute() / "bin" / f"java{_EXE}"
    if not program.is_file():
        raise _refusal(f"{HOME} names {home}, where there is no {program}.", other)
    return program, other


def _ask(program: Path, variables: Mapping[str, str], other: str) -> str:
    """Return what Java prints about itself. Raises OsemError if it does not run."""
    seconds = policy.current().version_call
    command = [str(program), "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(  # noqa: S603  the user's own Java, no shell
            command,
            env={name: value for name, value in variables.items() if name not in _OPTIONS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise _refusal(f"{program} cannot be run: {error.strerror or error}.", other) from error
    except subprocess.TimeoutExpired as error:
        raise _refusal(f"{program} did not answer within {seconds:g} s.", other) from error
    output = done.stdout.decode("utf-8", errors="replace")
    if done.returncode:
        # The java of macOS is only a stub until Java is installed.
        said = " ".join(line.strip() for line in output.splitlines() if line.strip())[:300]
        raise _refusal(f"{program} does not run: {said or f'code {done.returncode}'}", other)
    return output


def _refusal(message: str, other: str) -> OsemError:
    return OsemError(
        f"The java engine cannot run: {message}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=other,
    )
