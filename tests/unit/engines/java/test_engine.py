"""The java engine, without Java: its command line, its process, its warnings.

A script stands for Java: it tells a version, and in place of the jar it runs a small server.
"""

from __future__ import annotations

import shlex
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import data, host, records, registry
from osem_tasks.engines.base import EngineRecord, EngineRequest
from osem_tasks.engines.detached import marker
from osem_tasks.engines.java import engine as java
from osem_tasks.engines.java import installation
from osem_tasks.engines.java.engine import JavaEngine
from osem_tasks.errors import ErrorCode, OsemError
from tests.unit.engines.java.test_installation import MAIN, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Answers as DynamoDB Local does, at the port of its arguments.
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"TableNames": []}')
    def version_string(self):
        return "Jetty(9.4)"
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("-port") + 1])), Handler).serve_forever()
"""
WITHOUT_SQLITE = """
import sys, time
print("java.lang.UnsatisfiedLinkError: /tmp/x-libsqlite4java.so: failed to map segment")
print("\\tat java.base/java.lang.ClassLoader.load(Native Method)", flush=True)
time.sleep(600)
"""
BROKEN = """
print("java.lang.ClassNotFoundException: org.eclipse.jetty.server.Server")
for number in range(30):
    print("\\tat com.example.Deep.call(Deep.java:%d)")
raise SystemExit(1)
""".replace("%d", "1")


def request(**facts: Any) -> EngineRequest:
    """A request of java engine `mine`."""
    defaults: dict[str, Any] = {"default_port": 0, "default_image": "", "timeout": 20}
    return EngineRequest(name="mine", engine="java", **{**defaults, **facts})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Java 17 with a compiler that serves at the loopback, and DynamoDB Local."""
    monkeypatch.setenv(installation.VARIABLE, str(unpacked(tmp_path / "dynamodb local")))
    folder = tmp_path / "jdk"
    monkeypatch.setenv("JAVA_HOME", str(folder))
    monkeypatch.delenv("TMPDIR", raising=False)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "javac").touch()
    runs(folder, SERVER)
    yield folder
    JavaEngine().down("mine", drop_data=True)


def runs(folder: Path, code: str) -> None:
    """Let the Java in ``folder`` run this Python program in place of the jar."""
    program = folder / "bin" / "java"
    command = shlex.join([sys.executable, "-c", code])
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *-version) echo \'openjdk version "17.0.1"\' >&2; exit;; esac\n'
        f'exec {command} "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)


def up(**facts: Any) -> EngineRecord:
    """The record of a started or reused engine."""
    return JavaEngine().up(request(**facts), lambda _: None).record


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({}, ["-sharedDb", "-inMemory"]),
        ({"shared": False}, ["-inMemory"]),
        ({"persist": True}, ["-sharedDb", "-dbPath", "mine.java-data"]),
        ({"persist": True, "shared": False}, ["-dbPath", "mine.java-data"]),
    ],
)
def test_the_options_become_those_of_the_jar(
    home: Path, facts: dict[str, Any], expected: list[str]
) -> None:
    """`--isolated` and `--persist` as with a container; the path of the data is relative."""
    words = list(JavaEngine().command(request(**facts), 8123))

    assert words[0] == str(home / "bin" / "java")
    assert words[words.index("-port") :] == ["-port", "8123", *expected]
    assert f"-Dosem-engine={marker('mine').partition('=')[2]}" in words
    assert "-XX:TieredStopAtLevel=1" in words


@pytest.mark.parametrize("has_compiler", [True, False])
def test_a_compiler_runs_the_launcher_that_binds_the_loopback(
    home: Path, tmp_path: Path, has_compiler: bool
) -> None:
    """Without one the jar is started as it is."""
    if not has_compiler:
        (home / "bin" / "javac").unlink()
    jar = str(tmp_path / "dynamodb local" / installation.JAR)

    words = list(JavaEngine().command(request(), 8123))

    launched = words[: words.index("-port")]
    if has_compiler:
        assert launched[-4:] == ["-cp", jar, str(java.LAUNCHER), MAIN]
        assert "127.0.0.1" in java.LAUNCHER.read_text(encoding="utf-8")
    else:
        assert launched[-2:] == ["-jar", jar]


def test_temporary_files_go_where_the_user_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Java does not read TMPDIR, and the jar unpacks a program there."""
    assert not [w for w in JavaEngine().command(request(), 1) if "java.io.tmpdir" in w]

    monkeypatch.setenv("TMPDIR", str(tmp_path))

    assert f"-Djava.io.tmpdir={tmp_path}" in JavaEngine().command(request(), 1)
    assert home.exists()


@pytest.mark.parametrize(
    "words, expected",
    [
        (["java", "-Dosem-engine=/x", "-jar", "/opt/DynamoDBLocal.jar"], True),
        (["java", "-Dosem-engine=/x", "-cp", "/a b/DynamoDBLocal.jar", "/L.java", MAIN], True),
        (["java", "-jar", "/opt/DynamoDBLocal.jar"], False),
        (["java", "-Dosem-engine=/x", "-jar", "/opt/other.jar"], False),
        (["vi", "-Dosem-engine=/x"], False),
        ([], False),
    ],
)
def test_only_a_jar_that_we_started_is_ours(words: list[str], expected: bool) -> None:
    """A DynamoDB Local that the user has started by hand is a stranger."""
    assert JavaEngine().is_server(words) is expected


def test_it_starts_is_reused_and_ends(home: Path) -> None:
    """One process, whose record says all that a later command needs."""
    first = up()

    assert (up().pid, first.persist, first.shared, first.engine) == (first.pid, False, True, "java")
    assert host.listens(first.pid or 0, int(first.endpoint.rpartition(":")[2]))
    assert JavaEngine().down("mine", drop_data=False) == [f"java process {first.pid}"]
    assert (records.load("mine"), home.exists()) == (None, True)


@pytest.mark.parametrize(
    "facts, words",
    [
        ({"persist": True}, r"persist no \(requested yes\)"),
        ({"shared": False}, r"isolated no \(requested yes\)"),
        ({"port": 1}, r"port \d+ \(requested 1\)"),
        ({"persist": True, "shared": False}, "persist no .*; isolated no "),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_running_engine_with_other_settings_is_kept(facts: dict[str, Any], words: str) -> None:
    """As a container: the difference is named, and the remedy replaces it without `--fresh`."""
    running = up()
    wanted = request(**facts)

    with pytest.raises(OsemError, match=f"already running with other settings: {words}") as caught:
        up(**facts)

    assert caught.value.remediation.startswith(f"{wanted.replacing_command()}   replaces it")
    assert host.process_runs(running)


@pytest.mark.usefixtures("home")
def test_data_outlives_the_process_until_it_is_given_up() -> None:
    """`local.down` keeps it, a start in memory tells of it, `--fresh` and `--volumes` drop it."""
    rows = data.path("java", "mine") / "shared-local-instance.db"
    assert up(persist=True).persist
    rows.touch()
    JavaEngine().down("mine", drop_data=False)

    in_memory = JavaEngine().up(request(), lambda _: None)
    JavaEngine().down("mine", drop_data=False)
    assert (f"is kept in {rows.parent}" in in_memory.note, rows.exists()) == (True, True)

    up(persist=True, fresh=True)
    assert not rows.exists()

    removed = JavaEngine().down("mine", drop_data=True)
    assert removed[1:] == [f"data in {rows.parent}"]
    assert not rows.parent.exists()


@pytest.mark.usefixtures("home")
def test_a_killed_process_comes_back_with_its_settings() -> None:
    """`local.up` alone continues what runs no more: its data, and one database per key."""
    killed = up(persist=True, shared=False)
    JavaEngine().stop(killed)

    again = up()

    assert (again.pid != killed.pid, again.persist, again.shared) == (True, True, False)
    assert "-dbPath" in host.command_line(again.pid or 0)


@pytest.mark.usefixtures("home")
def test_fresh_does_not_take_data_that_is_in_use() -> None:
    """The running engine goes on, and who uses the data is named."""
    running = up(persist=True)
    with (data.path("java", "mine") / "rows.db").open("wb"):
        with pytest.raises(OsemError, match="Nothing was removed"):
            up(fresh=True)
        with pytest.raises(OsemError, match="Nothing was removed"):
            JavaEngine().down("mine", drop_data=True)

        assert host.process_runs(running)


@pytest.mark.parametrize(
    "address, is_safe",
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("192.168.1.7", False),
    ],
)
@pytest.mark.parametrize("launcher", ["-jar", "-cp"])
def test_an_engine_that_others_can_reach_is_told_loudly(
    address: str, is_safe: bool, launcher: str
) -> None:
    """The loopback has many forms; for any other address a warning says what to do."""
    told = java.exposure({"127.0.0.1", address}, ["java", launcher], request())

    assert ("listens on every interface of this machine" in told) is not is_safe
    assert ("A JDK is needed" in told) is (not is_safe and launcher == "-jar")
    assert (registry.alternatives("java", request()) in told) is (not is_safe and launcher == "-cp")


def test_a_jar_that_ends_at_once_shows_what_it_said(home: Path) -> None:
    """The end of its log without Java's stack, and how to get a complete one."""
    runs(home, BROKEN)

    with pytest.raises(OsemError, match="ended with code 1") as caught:
        up()

    error = caught.value
    assert (error.code, "\tat " in error.message) == (ErrorCode.ENGINE_UNAVAILABLE, False)
    assert "ClassNotFoundException: org.eclipse.jetty" in error.message
    assert error.remediation.startswith(f"Reinstall it: {installation.DOWNLOAD}")
    assert (records.load("mine"), records.begun("mine")) == (None, None)


def test_a_native_library_that_cannot_be_loaded_is_said_at_once(home: Path) -> None:
    """The server would answer every call with an error, until the timeout."""
    runs(home, WITHOUT_SQLITE)

    with pytest.raises(OsemError, match=r"native library of SQLite: java\.lang\.Unsat") as caught:
        up(timeout=60)

    assert "TMPDIR=" in caught.value.remediation
    assert not host.processes_with(JavaEngine().mark("mine"))


def test_a_taken_port_is_named(home: Path) -> None:
    """The program at the port stays, and any free port is proposed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OsemError) as caught:
            up(port=port)

    assert (caught.value.code, home.exists()) == (ErrorCode.PORT_IN_USE, True)
    assert "--port 0" in caught.value.remediation


def test_one_without_a_record_is_ended(home: Path) -> None:
    """A command that was killed before it recorded its process leaves one behind."""
    lost = up()
    records.forget("mine")

    assert up().pid != lost.pid
    assert not host.process_runs(lost)
    assert home.exists()


@pytest.mark.usefixtures("home")
def test_what_is_here_is_described(tmp_path: Path) -> None:
    """`auto` says where it is and which Java runs it."""
    assert JavaEngine().check() == (
        f"DynamoDB Local is in {tmp_path / 'dynamodb local'}, and Java 17.0.1 runs it"
    )
    record = replace(up(), pid=7)
    assert JavaEngine().describe(record) == "DynamoDB Local on Java in process 7"
