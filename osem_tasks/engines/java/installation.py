"""The folder of DynamoDB Local that ``DYNAMODB_LOCAL_HOME`` names: is it complete?"""

from __future__ import annotations

import os
import re
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.engines.base import NotInstalledError
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "DYNAMODB_LOCAL_HOME"
JAR, LIBRARIES = "DynamoDBLocal.jar", "DynamoDBLocal_lib"
ARCHIVE = "https://d1ni2b6xgvw0s0.cloudfront.net/v2.x/dynamodb_local_latest.tar.gz"
_FOLDER = "~/dynamodb-local"
DOWNLOAD = (
    f"mkdir -p {_FOLDER} && curl -fL {ARCHIVE} | tar -xz -C {_FOLDER} "
    f"&& export {VARIABLE}={_FOLDER}"
)
_ARCHIVES = (".tar.gz", ".tgz", ".zip")
_MAIN_CLASS = re.compile(rb"^Main-Class: *([\w.$]+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installation:
    """A complete DynamoDB Local: its folder, and the class that its jar starts."""

    folder: Path
    main_class: str

    @property
    def jar(self) -> Path:
        """The jar."""
        return self.folder / JAR

    @property
    def libraries(self) -> Path:
        """The folder of the jar's libraries."""
        return self.folder / LIBRARIES


def find(variables: Mapping[str, str]) -> Installation:
    """Return the installation that ``DYNAMODB_LOCAL_HOME`` names: its folder, or the jar itself.

    Raises OsemError (ENGINE_UNAVAILABLE) that says what is wrong with it.
    """
    value = variables.get(VARIABLE, "")
    if not value:
        raise _refusal(
            f"{VARIABLE} is not set: it names the folder of {JAR}.", DOWNLOAD, NotInstalledError
        )
    try:
        return _installation(Path(value).expanduser().absolute())
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ of nobody
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise _refusal(
            f"{VARIABLE} names {value}, which cannot be read: {why}.", DOWNLOAD
        ) from error


def _installation(path: Path) -> Installation:
    """Return the installation at ``path``. Raises OsemError and OSError."""
    folder = path.parent if path.name == JAR and not path.is_dir() else path
    _check_folder(folder)
    jar = folder / JAR
    if not jar.is_file():
        raise _without_jar(folder)
    if not (folder / LIBRARIES).is_dir():
        raise _refusal(f"{folder} has {JAR} and no folder {LIBRARIES}.", DOWNLOAD)
    return Installation(folder, _main_class(jar))


def _check_folder(folder: Path) -> None:
    """Raise OsemError if ``folder`` is no folder that Java can read from."""
    misread = [mark for mark in (os.pathsep, "!/") if mark in f"{folder.as_posix()}/"]
    if misread:
        moved = f"mv {_quoted(folder)} {_FOLDER} && export {VARIABLE}={_FOLDER}"
        why = f"Java takes '{misread[0]}' in a path for the end of it"
        raise _refusal(f"{VARIABLE} names {folder}, and {why}.", moved)
    if folder.is_file():
        if folder.name.endswith(_ARCHIVES):
            raise _packed(folder)
        raise _refusal(f"{VARIABLE} names the file {folder}, not the folder of {JAR}.", DOWNLOAD)
    if not folder.exists():
        raise _refusal(f"{VARIABLE} names {folder}, which does not exist.", DOWNLOAD)
    try:
        for path in folder.iterdir():
            path.lstat()
    except PermissionError as error:
        raise _refusal(
            f"{VARIABLE} names {folder}, which this user cannot read.",
            f"chmod u+rx {_quoted(folder)}",
        ) from error


def _without_jar(folder: Path) -> OsemError:
    """Return the error for a folder without the jar, which names the place of one nearby."""
    archives = sorted(path for path in folder.iterdir() if path.name.endswith(_ARCHIVES))
    if archives:
        return _packed(archives[0])
    below = sorted(folder.glob(f"*/{JAR}"))
    if below:
        found = below[0].parent
        return _refusal(
            f"{VARIABLE} names {folder}, and {JAR} is in {found}.",
            f"export {VARIABLE}={_quoted(found)}",
        )
    return _refusal(f"{VARIABLE} names {folder}, where there is no {JAR}.", DOWNLOAD)


def _packed(archive: Path) -> OsemError:
    folder = archive.parent
    unpack = "unzip" if archive.suffix == ".zip" else "tar -xzf"
    into = "-d" if archive.suffix == ".zip" else "-C"
    return _refusal(
        f"DynamoDB Local is still packed in {archive}.",
        f"{unpack} {_quoted(archive)} {into} {_quoted(folder)} "
        f"&& export {VARIABLE}={_quoted(folder)}",
    )


def _main_class(jar: Path) -> str:
    """Return the class that the jar starts. Raises OsemError if the jar cannot be used."""
    try:
        with zipfile.ZipFile(jar) as archive:
            manifest = archive.read("META-INF/MANIFEST.MF")
    except PermissionError as error:
        raise _refusal(
            f"{jar} cannot be read: {error.strerror}.", f"chmod u+r {_quoted(jar)}"
        ) from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _refusal(f"{jar} is damaged, or not a jar ({error}).", DOWNLOAD) from error
    # A line of a manifest ends after 72 bytes; the next one goes on after a space.
    found = _MAIN_CLASS.search(re.sub(rb"\r?\n ", b"", manifest))
    if found is None:
        raise _refusal(f"{jar} is not DynamoDB Local: it starts no program.", DOWNLOAD)
    return found[1].decode("ascii", errors="replace")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _refusal(message: str, remedy: str, kind: type[OsemError] = OsemError) -> OsemError:
    return kind(
        f"The java engine cannot run: {message}",
        code=ErrorCode.ENGINE_UNAVAILABLE,
        remediation=remedy,
    )
