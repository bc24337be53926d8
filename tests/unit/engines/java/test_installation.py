"""The folder that DYNAMODB_LOCAL_HOME names: found in every form, refused in words."""

from __future__ import annotations

import os
import shlex
import zipfile
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines.java import installation
from osem_tasks.engines.java.installation import JAR, LIBRARIES, VARIABLE
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
NOBODY = 65534


def jar(path: Path, manifest: str = f"Manifest-Version: 1.0\r\nMain-Class: {MAIN}\r\n") -> Path:
    """A jar that has a manifest and nothing else."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
    return path


def unpacked(folder: Path) -> Path:
    """A folder as AWS's archive gives it."""
    (folder / LIBRARIES).mkdir(parents=True)
    jar(folder / JAR)
    return folder


def refusal(value: str) -> OsemError:
    """The error for this value of the variable."""
    with pytest.raises(OsemError) as caught:
        installation.find({VARIABLE: value})
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.message.startswith("The java engine cannot run: ")
    return caught.value


@pytest.mark.parametrize("name", ["plain", "with space", "ünïcödé", "a#b%20+c", "it's; $HOME", "*"])
@pytest.mark.parametrize("ending", ["", "/", f"/{JAR}"])
def test_the_folder_or_the_jar_is_named(tmp_path: Path, name: str, ending: str) -> None:
    """Every name is taken as it is, and the jar stands for its folder."""
    folder = unpacked(tmp_path / name)

    found = installation.find({VARIABLE: f"{folder}{ending}"})

    assert (found.folder, found.main_class) == (folder, MAIN)
    assert (found.jar.is_file(), found.libraries.is_dir()) == (True, True)


def test_a_relative_path_and_a_home_are_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process runs in another directory, and a variable in a file is not expanded by a shell."""
    unpacked(tmp_path / "ddb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert installation.find({VARIABLE: "ddb"}).folder == tmp_path / "ddb"
    assert installation.find({VARIABLE: "~/ddb"}).folder == tmp_path / "ddb"


@pytest.mark.parametrize("variables", [{}, {VARIABLE: ""}])
def test_without_the_variable_the_remedy_downloads_it(variables: dict[str, str]) -> None:
    """One command line makes the folder, fetches AWS's archive, and sets the variable."""
    with pytest.raises(OsemError, match="DYNAMODB_LOCAL_HOME is not set") as caught:
        installation.find(variables)

    remedy = caught.value.remediation
    assert remedy.startswith("mkdir -p ~/dynamodb-local && curl -fL https://")
    assert remedy.endswith(f"&& export {VARIABLE}=~/dynamodb-local")


def _nothing(folder: Path) -> Path:
    return folder / "absent"


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _other_file(folder: Path) -> Path:
    folder.mkdir()
    (folder / "notes.txt").touch()
    return folder / "notes.txt"


def _without_libraries(folder: Path) -> Path:
    (unpacked(folder) / LIBRARIES).rmdir()
    return folder


def _truncated(folder: Path) -> Path:
    path = unpacked(folder) / JAR
    path.write_bytes(path.read_bytes()[:40])
    return folder


def _page(folder: Path) -> Path:
    (unpacked(folder) / JAR).write_text("<html>Sign in</html>", encoding="utf-8")
    return folder


def _other_jar(folder: Path) -> Path:
    jar(unpacked(folder) / JAR, "Manifest-Version: 1.0\r\n")
    return folder


def _no_manifest(folder: Path) -> Path:
    with zipfile.ZipFile(unpacked(folder) / JAR, "w") as archive:
        archive.writestr("readme", "")
    return folder


def _jar_is_a_folder(folder: Path) -> Path:
    (folder / JAR).mkdir(parents=True)
    return folder


def _circle(folder: Path) -> Path:
    folder.symlink_to(folder)
    return folder


def _long(folder: Path) -> Path:
    return folder.parent / ("x" * 300)


@pytest.mark.parametrize(
    "make, words",
    [
        (_nothing, "which does not exist"),
        (_empty, f"where there is no {JAR}"),
        (_other_file, "names the file"),
        (_without_libraries, f"has {JAR} and no folder {LIBRARIES}"),
        (_truncated, "is damaged, or not a jar"),
        (_page, "is damaged, or not a jar"),
        (_other_jar, "is not DynamoDB Local"),
        (_no_manifest, "is damaged, or not a jar"),
        (_jar_is_a_folder, f"where there is no {JAR}"),
        (_circle, VARIABLE),
        (_long, "cannot be read: File name too long"),
    ],
)
def test_an_incomplete_one_is_downloaded_again(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    """What is wrong is said with the path, and the remedy gets a complete one."""
    error = refusal(str(make(tmp_path / "ddb")))

    assert (words in error.message, str(tmp_path) in error.message) == (True, True)
    assert error.remediation == installation.DOWNLOAD


@pytest.mark.parametrize(
    "archive, command",
    [
        ("dynamodb_local_latest.tar.gz", "tar -xzf {archive} -C {folder}"),
        ("dynamodb_local_latest.tgz", "tar -xzf {archive} -C {folder}"),
        ("dynamodb_local_latest.zip", "unzip {archive} -d {folder}"),
    ],
)
@pytest.mark.parametrize("by_file", [True, False], ids=["the-archive", "its-folder"])
@pytest.mark.parametrize("name", ["ddb", "my downloads"])
def test_an_archive_is_to_be_unpacked(
    tmp_path: Path, archive: str, command: str, by_file: bool, name: str
) -> None:
    """The remedy unpacks the archive that is there, in place."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / archive).touch()

    error = refusal(str(folder / archive if by_file else folder))

    words = {
        "archive": shlex.quote(str(folder / archive)),
        "folder": shlex.quote(str(folder)),
    }
    assert f"still packed in {folder / archive}" in error.message
    assert error.remediation.startswith(f"{command.format(**words)} && export {VARIABLE}=")


def test_a_folder_above_names_the_right_one(tmp_path: Path) -> None:
    """The jar one level below is found and proposed."""
    unpacked(tmp_path / "dynamodb local")

    error = refusal(str(tmp_path))

    assert error.remediation == f"export {VARIABLE}='{tmp_path / 'dynamodb local'}'"


@pytest.mark.parametrize("name, mark", [(f"a{os.pathsep}b", os.pathsep), ("hey!", "!/")])
def test_a_path_that_java_misreads_is_moved(tmp_path: Path, name: str, mark: str) -> None:
    """Java splits its class path there, so that no start could succeed."""
    error = refusal(str(unpacked(tmp_path / name)))

    assert f"Java takes '{mark}' in a path for the end of it" in error.message
    assert error.remediation.startswith("mv ")


@pytest.mark.parametrize(
    "part, command", [("", "chmod u+rx {path}"), (JAR, "chmod u+r {path}")], ids=["folder", "jar"]
)
def test_what_may_not_be_read_is_named(tmp_path: Path, part: str, command: str) -> None:
    """The remedy gives this user the right to read it."""
    path = unpacked(tmp_path / "ddb") / part
    path.chmod(0)
    user = os.geteuid()
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    if user == 0:
        os.seteuid(NOBODY)  # root reads everything
    try:
        error = refusal(str(tmp_path / "ddb"))
    finally:
        os.seteuid(user)
        path.chmod(0o700)

    assert error.remediation == command.format(path=path)
