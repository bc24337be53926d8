"""What an engine's process gets: no setting of the shell, no module of the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines import process

HOME = Path("/engine")
NAMES = st.sampled_from(
    [
        "PATH",
        "LANG",
        "LC_ALL",
        "HOME",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "PYTHONPATH",
        "PYTHONWARNINGS",
        "PYTHONSTARTUP",
        "MOTO_ACCOUNT_ID",
        "FLASK_DEBUG",
        "WERKZEUG_SERVER_FD",
        "SSLKEYLOGFILE",
    ]
)
# A project's own modules with the names of libraries that moto imports.
SHADOWS = (
    "responses.py",
    "flask.py",
    "werkzeug.py",
    "boto3.py",
    "moto.py",
    "json.py",
    "cryptography/__init__.py",
)


@given(st.dictionaries(NAMES, st.text("ab/:=", max_size=6)))
def test_a_process_gets_no_setting_of_the_shell(variables: dict[str, str]) -> None:
    """Only what a program needs to run is inherited; the AWS configuration is set to nothing."""
    found = process.environment(HOME, variables)

    own = {"HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    assert {name for name in found if name not in own} == variables.keys() & {
        "PATH",
        "LANG",
        "LC_ALL",
    }
    assert found["HOME"] == str(HOME)
    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def ran(code: str, folder: Path, **variables: str) -> str:
    """What a module ``server`` of an installed package prints in an engine's process."""
    command = process.python_command(
        "moto.server", "word", mark="osem-engine=x", distribution="moto"
    )
    at = command.index("-c") + 1
    command[at] = command[at].rpartition("; runpy")[0] + f"; {code}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**process.environment(folder, os.environ), **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize("by_path", [False, True], ids=["working-directory", "PYTHONPATH"])
@pytest.mark.parametrize("shadow", SHADOWS)
def test_a_module_of_the_project_does_not_reach_the_process(
    shadow: str, by_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a project calls its modules, the process imports the installed libraries."""
    (tmp_path / shadow).parent.mkdir(exist_ok=True)
    (tmp_path / shadow).write_text("raise SystemExit('the project')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    if by_path:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    name = shadow.split("/", maxsplit=1)[0].removesuffix(".py")

    found = ran(f"import {name}; print({name}.__file__)", tmp_path, PYTHONPATH=str(tmp_path))

    assert str(tmp_path) not in found


def test_the_module_is_run_with_its_own_words(tmp_path: Path) -> None:
    """It sees the arguments that follow its name, as ``python -m`` passes them."""
    assert ran("print(sys.argv)", tmp_path).strip() == "['moto.server', 'word']"


def test_the_command_line_identifies_the_process() -> None:
    """Mark and module are words of it: by them a later command finds the process."""
    command = process.python_command("moto.server", mark="osem-engine=x", distribution="moto")

    assert command[0] == sys.executable
    assert {"osem-engine=x", "moto.server"} <= {*command}


def test_a_folder_that_was_set_for_the_module_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``PYTHONPATH`` may be how moto is installed; the project's own folder is never meant."""
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "server.py").touch()
    path = os.pathsep.join(["", ".", "/nowhere", str(tmp_path)])

    assert process.chosen_folders("moto.server", path) == [str(tmp_path)]
    monkeypatch.chdir(tmp_path)
    assert process.chosen_folders("moto.server", path) == []


@pytest.mark.parametrize("name, installed", [("moto", True), ("no-such-package-of-osem", False)])
def test_a_package_counts_if_it_is_installed(
    name: str, installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of the project with the package's name is no installation."""
    (tmp_path / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    assert process.is_installed(name) is installed


def test_packages_come_from_where_they_are_installed() -> None:
    """The folder of the engine's package is first; the working directory is not among them."""
    import moto

    folders = process.installed_in("moto")

    assert folders[0] == str(Path(moto.__file__).parents[1])
    assert str(Path.cwd()) not in folders
