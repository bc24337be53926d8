"""Which Java runs the engine: what it prints about itself, and what can be wrong with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines.java import runtime
from osem_tasks.engines.java.runtime import Settings
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import Policy, using

if TYPE_CHECKING:
    from pathlib import Path

NOISE = 'Picked up JAVA_TOOL_OPTIONS: -Dnote="version" -javaagent:/opt/agent.jar\n'
STUB = (
    "The operation couldn’t be completed. Unable to locate a Java Runtime.\n"
    "Please visit http://www.java.com for information on installing Java.\n"
)
PROPERTIES = """Property settings:
    java.class.version = 61.0
    java.home = /opt/jdk 17
    java.specification.version = 17
    java.vendor.version = Temurin-17.0.15+6
    java.version = 17.0.15
    java.version.date = 2025-04-15
    java.vm.version = 17.0.15+6

"""


@pytest.mark.parametrize(
    "printed, feature",
    [
        pytest.param('java version "1.8.0_391"\nJava(TM) SE Runtime Environment', 8, id="oracle-8"),
        pytest.param('openjdk version "1.8.0_422"', 8, id="openjdk-8"),
        pytest.param('openjdk version "11.0.2" 2019-01-15', 11, id="11"),
        pytest.param('openjdk version "17" 2021-09-14', 17, id="17-first"),
        pytest.param('openjdk version "17.0.15" 2025-04-15', 17, id="17"),
        pytest.param('openjdk version "21.0.3" 2024-04-16 LTS', 21, id="21"),
        pytest.param('openjdk version "25-ea" 2025-09-16', 25, id="25-early-access"),
        pytest.param('openjdk version "26-internal" 2026-03-17', 26, id="own-build"),
        pytest.param(
            'java version "21.0.2" 2024-01-16 LTS\nJava(TM) SE Runtime Environment Oracle GraalVM '
            "21.0.2+13.1 (build 21.0.2+13-LTS-jvmci-23.1-b30)",
            21,
            id="graalvm",
        ),
        pytest.param(
            'openjdk version "17.0.10" 2024-01-16\nIBM Semeru Runtime Open Edition 17.0.10.0\n'
            "Eclipse OpenJ9 VM 17.0.10.0 (build openj9-0.43.0)",
            17,
            id="openj9",
        ),
        pytest.param(f'{NOISE}openjdk version "17.0.15" 2025-04-15', 17, id="noise-before"),
        pytest.param(f"{NOISE}{PROPERTIES}", 17, id="properties"),
        pytest.param(PROPERTIES.replace("\n", "\r\n"), 17, id="windows"),
        pytest.param("java: command of another program", 0, id="no-java"),
        pytest.param('openjdk version "next"', 0, id="no-number"),
        pytest.param("", 0, id="silence"),
    ],
)
def test_the_version_is_read_from_what_java_prints(printed: str, feature: int) -> None:
    """The number that counts is found in the output of every vendor, with noise around it."""
    assert runtime.parse(printed).feature == feature


def test_the_home_is_read_with_the_version() -> None:
    """A path with a space is one path."""
    assert runtime.parse(PROPERTIES) == Settings(version="17.0.15", home="/opt/jdk 17")


@given(st.text())
def test_any_output_has_a_version_or_none(printed: str) -> None:
    """Whatever a program prints is read without a failure."""
    assert runtime.parse(printed).feature >= 0


@given(
    st.integers(9, 999), st.from_regex(r"(\.[0-9]{1,3}){0,3}(-[a-z]+)?(\+[0-9]+)?", fullmatch=True)
)
def test_the_first_number_counts(number: int, rest: str) -> None:
    """Since Java 9 the first number of a version is the one that counts."""
    assert runtime.parse(f'openjdk version "{number}{rest}" 2030-01-01').feature == number


def program(folder: Path, script: str, mode: int = 0o755) -> Path:
    """A program ``bin/java`` below ``folder``: a shell script."""
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script, encoding="utf-8")
    path.chmod(mode)
    return path


def says(text: str, code: int = 0) -> str:
    """A script that prints ``text`` as Java does."""
    return f"#!/bin/sh\ncat >&2 <<'END'\n{text}\nEND\nexit {code}\n"


@pytest.mark.parametrize(
    "script, words",
    [
        pytest.param(says('java version "1.8.0_391"'), "is Java 8 (1.8.0_391), and", id="8"),
        pytest.param(says(f'{NOISE}openjdk version "11.0.2"'), "is Java 11 (11.0.2), and", id="11"),
        pytest.param(says('openjdk version "16-ea"'), "is Java 16 (16-ea), and", id="16"),
        pytest.param(says(STUB, 1), "Unable to locate a Java Runtime.", id="stub-of-macos"),
        pytest.param(says("", 3), "does not run: code 3", id="silent-failure"),
        pytest.param(says("gcj 4.8"), "does not say which version of Java it is", id="other"),
        pytest.param("\x7fELF", "cannot be run: Exec format error", id="other-machine"),
    ],
)
@pytest.mark.parametrize("by_home", [True, False], ids=["JAVA_HOME", "PATH"])
def test_a_java_that_cannot_run_the_engine_is_named(
    tmp_path: Path, script: str, words: str, by_home: bool
) -> None:
    """The message has the program's path and what is wrong, the remedy says which Java to set."""
    path = program(tmp_path, script)
    found = {"JAVA_HOME": str(tmp_path)} if by_home else {}
    variables = {"PATH": f"{path.parent}{os.pathsep}{os.environ['PATH']}", **found}

    with pytest.raises(OsemError) as caught:
        runtime.find(variables)

    error = caught.value
    assert (error.code, str(path) in error.message) == (ErrorCode.ENGINE_UNAVAILABLE, True)
    assert words in error.message
    assert "JAVA_HOME to the folder of a Java 17 or newer" in error.remediation
    assert ("unset JAVA_HOME" in error.remediation) is by_home


def test_a_java_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A program that never answers is named after the time that a version may take."""
    path = program(tmp_path, "#!/bin/sh\nexec sleep 60\n")

    with using(Policy(version_call=0.2)), pytest.raises(OsemError) as caught:
        runtime.find({"JAVA_HOME": str(tmp_path), "PATH": os.environ["PATH"]})

    assert f"{path} did not answer within 0.2 s" in caught.value.message


def test_a_wrong_java_home_is_not_passed_over(tmp_path: Path) -> None:
    """JAVA_HOME decides, also where PATH has a Java that would do."""
    program(tmp_path, says('openjdk version "17.0.1"'))

    with pytest.raises(OsemError, match="JAVA_HOME names /nowhere, where there is no"):
        runtime.find({"JAVA_HOME": "/nowhere", "PATH": str(tmp_path / "bin")})


def test_without_java_the_remedy_installs_one(tmp_path: Path) -> None:
    """The command is that of the package manager that is here."""
    bare = program(tmp_path, "").parent
    (bare / "java").rename(bare / "dnf")

    with pytest.raises(OsemError, match="no Java is installed") as caught:
        runtime.find({"PATH": str(bare)})

    assert caught.value.remediation.startswith("dnf install java-21-openjdk-devel   or set JAVA")


@pytest.mark.parametrize("has_compiler", [True, False])
def test_the_program_behind_a_script_is_used(tmp_path: Path, has_compiler: bool) -> None:
    """A script on PATH may start Java as another process: the one in java.home is started."""
    real = program(tmp_path / "real", "")
    if has_compiler:
        (real.parent / "javac").touch()
    said = f"    java.home = {tmp_path / 'real'}\n    java.version = 21.0.1"
    program(tmp_path, says(said))

    found = runtime.find({"JAVA_HOME": str(tmp_path), "PATH": os.environ["PATH"]})

    assert found == runtime.Java(program=real, version="21.0.1", has_compiler=has_compiler)


def test_java_gets_no_options_of_the_shell(tmp_path: Path) -> None:
    """The variables from which Java takes options neither disturb nor stop the question."""
    script = 'test -z "$JAVA_TOOL_OPTIONS$_JAVA_OPTIONS$JDK_JAVA_OPTIONS" || exit 1\n'
    path = program(tmp_path, "#!/bin/sh\n" + script + "echo 'openjdk version \"17\"'\n")
    names = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")

    variables = {"JAVA_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    found = runtime.find({**variables, **dict.fromkeys(names, "-Xmx1t")})

    assert (found.program, found.version) == (path, "17")
