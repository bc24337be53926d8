"""Python programs of other environments: found, with their interpreter, or said to be broken."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from osem_tasks.engines import process, programs
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "no-such-program"
PACKAGE = "no_such_package"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH, before any other."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_BIN_HOME", str(tmp_path / "usual"))
    return path


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which the package is installed, with a space in its path."""
    path = tmp_path_factory.mktemp("other environment")
    venv.create(path, symlinks=True, with_pip=False)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    command = [str(path / "bin" / "python"), "-c", code]
    packages = Path(subprocess.check_output(command, text=True).strip())
    (packages / f"{PACKAGE}-1.2.3.dist-info").mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.2.3\n"
    (packages / f"{PACKAGE}-1.2.3.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    return path


def write(folder: Path, text: str, mode: int = 0o755, name: str = NAME) -> Path:
    """A file in ``folder``."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def refusal() -> OsemError:
    """What is said about the program."""
    with pytest.raises(OsemError) as caught:
        programs.find(NAME, PACKAGE)
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    return caught.value


def by_shell(interpreter: str) -> str:
    """The first lines that pip writes for an interpreter with a space in its path."""
    return f"#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''\n"


def by_env(interpreter: str) -> str:
    """The first line of a script that has an interpreter looked for."""
    return f"#!/usr/bin/env -S {interpreter.replace(' ', chr(92) + ' ')} -I\n"


@pytest.mark.usefixtures("folder")
def test_there_may_be_none() -> None:
    """Nothing of that name is no error."""
    assert programs.find(NAME, PACKAGE) is None


@pytest.mark.process
@pytest.mark.parametrize("first_line", [by_shell, by_env])
def test_a_program_of_another_environment_is_found(
    folder: Path, environment: Path, first_line: Callable[[str], str]
) -> None:
    """Its interpreter, its version and the folder of its package are told."""
    interpreter = str(environment / "bin" / "python")
    path = write(folder, first_line(interpreter))

    found = programs.find(NAME, PACKAGE)

    assert found is not None
    assert (found.path, found.interpreter, found.version) == (str(path), interpreter, "1.2.3")
    assert all(Path(each).is_relative_to(environment) for each in found.folders)


@pytest.mark.process
def test_a_program_outside_path_is_found_where_uv_and_pipx_put_it(
    folder: Path, environment: Path
) -> None:
    """A new user's shell does not have that folder on PATH yet."""
    usual = folder.parent / "usual"
    usual.mkdir()
    path = write(usual, by_shell(str(environment / "bin" / "python")))

    found = programs.find(NAME, PACKAGE)

    assert (found and found.path) == str(path)


@pytest.mark.process
def test_a_broken_program_does_not_hide_one_that_works(folder: Path, environment: Path) -> None:
    """The next one on PATH is used."""
    write(folder, "#!/bin/bash\nexec something-else\n")
    usual = folder.parent / "usual"
    usual.mkdir()
    path = write(usual, by_shell(str(environment / "bin" / "python")))

    found = programs.find(NAME, PACKAGE)

    assert (found and found.path) == str(path)


def test_a_program_beside_this_one_comes_first(folder: Path) -> None:
    """What is installed with this interpreter needs no program on PATH."""
    write(folder, "#!/bin/bash\n", name="pytest")

    found = programs.find("pytest", "pytest")

    assert found is not None
    assert (found.interpreter, found.version) == (sys.executable, process.version_of("pytest"))


def test_a_relative_folder_of_path_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project's own file is no program of the user."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "bin"]))
    write(folder, "#!/bin/bash\n")

    assert programs.find(NAME, PACKAGE) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("#!/bin/bash\nexec other\n", id="a-script-of-a-shell"),
        pytest.param("#!/usr/bin/env bash\nexec pyenv exec\n", id="a-shim"),
        pytest.param("\x7fELF", id="a-binary"),
        pytest.param("#!\n", id="an-empty-first-line"),
        pytest.param("#!'unclosed\n", id="a-first-line-that-cannot-be-read"),
        pytest.param("", id="empty"),
    ],
)
def test_another_product_of_that_name_is_named(folder: Path, text: str) -> None:
    """A program without Python is not the one that is meant."""
    path = write(folder, text)

    error = refusal()

    assert f"{path} is not the program of the Python package {PACKAGE}" in error.message
    assert "names no Python" in error.message
    assert f"uv tool install {PACKAGE}" in error.remediation


@pytest.mark.process
def test_a_python_program_of_another_package_is_named(folder: Path) -> None:
    """Its interpreter does not have the package."""
    path = write(folder, f"#!{sys.executable}\n")

    error = refusal()

    assert error.message.startswith(f"{path} is not the program of the Python package {PACKAGE}")
    assert f"which {sys.executable} does not have" in error.message


@pytest.mark.parametrize("line", ["#!/gone/bin/python\n", by_shell("/gone far/python3.11")])
def test_a_python_that_was_removed_is_named(folder: Path, line: str) -> None:
    """The remedy installs the program again."""
    path = write(folder, line)

    error = refusal()

    assert error.message.startswith(f"{path} needs /gone")
    assert error.message.endswith("which is not there (any more).")
    assert error.remediation.startswith(f"uv tool install --reinstall {PACKAGE}")


@pytest.mark.process
@pytest.mark.parametrize(
    "script, words",
    [
        pytest.param("echo no can do >&2; exit 3", "fails (no can do)", id="fails"),
        pytest.param("exit 3", "fails (it ends with code 3)", id="fails-without-a-word"),
        pytest.param("echo hello", "fails (Expecting value", id="says-something-else"),
        pytest.param("exec sleep 60", "does not answer within 0.3 s", id="hangs"),
    ],
)
def test_a_python_that_does_not_run_is_named(folder: Path, script: str, words: str) -> None:
    """Its last words are told."""
    python = write(folder, f"#!/bin/sh\n{script}\n", name="python-of-it")
    path = write(folder, f"#!{python}\n")

    with using(Policy(program=0.3)):
        error = refusal()

    assert error.message.startswith(f"{path} cannot run: its Python {python} ")
    assert words in error.message


def test_a_file_that_is_not_executable_is_named(folder: Path) -> None:
    """The remedy makes it so."""
    path = write(folder, f"#!{sys.executable}\n", mode=0o644)

    error = refusal()

    assert (error.message, error.remediation) == (
        f"{path} is not executable.",
        f"chmod +x {path}",
    )


def test_a_directory_is_named(folder: Path) -> None:
    """A shell passes it by too."""
    (folder / NAME).mkdir()

    assert refusal().message == f"{folder / NAME} is a directory, not a program."


def test_a_link_to_nothing_is_named(folder: Path) -> None:
    """What an uninstalled environment leaves on PATH."""
    (folder / NAME).symlink_to("/gone/bin/program")

    error = refusal()

    assert error.message == f"{folder / NAME} is a link to /gone/bin/program, which is gone."
    assert "uv tool install --reinstall" in error.remediation
