"""`local.logs --follow` and `local.status`, as a user types them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.engines import host, records
from osem_tasks.engines.base import EngineRecord
from osem_tasks.waiting.policy import Policy, using
from tests.support.fake_engines import FleetingEngine, fake_dynamodb
from tests.support.inv import Inv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_engines import Script

pytestmark = pytest.mark.slow


@pytest.fixture
def inv(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    scripts: tuple[Script, Script],
) -> Inv:
    """`inv` with fake kinds of engine, in a shell that names the engine `mine`."""
    assert scripts
    monkeypatch.setenv("OSEM_LOCAL_NAME", "mine")
    return Inv(capsys, monkeypatch)


def save(name: str, endpoint: str, **facts: Any) -> EngineRecord:
    """Record an engine that answers."""
    return records.save(
        EngineRecord(
            engine="lasting", name=name, endpoint=endpoint, started_at="then", used_at=0.0, **facts
        )
    )


@pytest.mark.parametrize("option, words", [("--json", "one document"), ("--quiet", "hides them")])
def test_a_follow_that_prints_no_lines_is_refused(inv: Inv, option: str, words: str) -> None:
    """In words, with both options."""
    inv("local.up")
    run = inv("local.logs", "--follow", option)

    told = run.err + run.out
    assert (run.code, "INVALID_CONFIGURATION" in told, words in told) == (1, True, True)
    assert f"Leave {option} out, or --follow" in told


def test_a_follow_ends_with_the_engine(inv: Inv) -> None:
    """The lines on stdout, that it ended on stderr, exit code 0."""
    inv("local.up")
    with using(Policy(replacement=0.05)):
        run = inv("local.logs", "--follow", "--lines", "2")

    assert (run.code, run.out) == (0, "mine says 3\nmine says 4\n")
    assert run.err == "ℹ Engine 'mine' has ended, and its log with it.\n"


def test_a_follow_goes_on_with_the_engine_that_takes_the_place(
    inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lines of the new one, from its first on."""
    with fake_dynamodb() as endpoint:
        save("mine", endpoint)
        told = []

        def follow(_: FleetingEngine, record: EngineRecord, lines: int) -> Iterator[str]:
            told.append((record.started_at, lines))
            yield f"{record.started_at} says it"
            if record.started_at == "then":
                save("mine", endpoint, pid=os.getpid(), process_started=host.process_started(1))
            else:
                records.forget("mine")

        monkeypatch.setattr(
            "tests.support.fake_engines.ScriptedEngine.follow", follow, raising=False
        )
        run = inv("local.logs", "--follow", "--lines", "7")

    assert run.code == 0
    assert run.out.splitlines() == ["then says it", "then says it"]
    assert [lines for _, lines in told] == [7, 999_999]
    assert "Engine 'mine' has ended" in run.err


def test_status_lists_every_engine_that_runs(inv: Inv) -> None:
    """Name, kind, endpoint, since, whose, project; those of test runs too."""
    me = host.owner(os.getpid())
    with fake_dynamodb() as one, fake_dynamodb() as two:
        save("mine", one, project="/shop")
        save("test-1", two, owner_pid=me.pid, owner_started=me.started, owner_identity=me.identity)
        save("gone", "http://127.0.0.1:1")
        text, document = inv("local.status"), inv("local.status", "--json").document["data"]

    *rows, summary = text.out.splitlines()
    assert [row.split() for row in rows] == [
        ["✓", "mine", "lasting", one, "since", "then", "you", "/shop"],
        [
            "✓",
            "test-1",
            "lasting",
            two,
            "since",
            "then",
            "test",
            "run",
            str(me.pid),
            "no",
            "project",
        ],
    ]
    assert summary.startswith("✓ running: lasting in this test as mine at ")
    assert (document["name"], document["running"], document["endpoint"]) == ("mine", True, one)
    assert document["engines"] == [
        {
            "name": "mine",
            "engine": "lasting",
            "endpoint": one,
            "startedAt": "then",
            "project": "/shop",
            "owner": "you",
            "ownerPid": None,
            "state": "running",
        },
        {
            "name": "test-1",
            "engine": "lasting",
            "endpoint": two,
            "startedAt": "then",
            "project": None,
            "owner": "test run",
            "ownerPid": me.pid,
            "state": "running",
        },
    ]


def test_a_name_narrows_the_list(inv: Inv) -> None:
    """Only that engine, whether it runs or not; one that runs alone needs no list."""
    with fake_dynamodb() as one, fake_dynamodb() as two:
        save("mine", one)
        save("other", two)
        other = inv("local.status", "--name", "other", "--json").document["data"]
        absent = inv("local.status", "--name", "absent", "--json").document["data"]
        text = inv("local.status", "--name", "other")

    assert [engine["name"] for engine in other["engines"]] == ["other"]
    assert (absent["running"], absent["engines"]) == (False, [])
    assert len(text.out.splitlines()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh", "fish", "powershell", "dotenv", "FISH"])
def test_env_writes_for_a_shell(inv: Inv, shell: str) -> None:
    """The same variables in every form; in the document they have no form."""
    with fake_dynamodb() as endpoint:
        run = inv("local.env", "--endpoint", endpoint, "--shell", shell)
        document = inv("local.env", "--endpoint", endpoint, "--shell", shell, "--json").document

    assert (run.code, len(run.out.splitlines())) == (0, 5)
    assert all(name in run.out for name in document["data"]["variables"])
    assert document["data"]["variables"]["AWS_ENDPOINT_URL_DYNAMODB"] == endpoint


def test_an_unknown_shell_is_refused(inv: Inv) -> None:
    """With the known ones."""
    run = inv("local.env", "--shell", "csh", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert "--shell must be one of bash, zsh, sh, fish, powershell, dotenv" in run.err


@pytest.mark.parametrize(
    "shell, expected",
    [
        ({}, None),
        ({"NO_PROXY": "a"}, None),
        ({"HTTP_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://p:1"}, "127.0.0.1"),
        ({"https_proxy": "http://p:1", "no_proxy": "a,b"}, "a,b,127.0.0.1"),
        ({"ALL_PROXY": "socks5://p:1", "NO_PROXY": "127.0.0.1"}, "127.0.0.1"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "*"}, "*"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "a b,\x1b[1m,c"}, "c,127.0.0.1"),
    ],
    ids=str,
)
def test_env_excludes_the_engine_from_the_proxy(
    inv: Inv, monkeypatch: pytest.MonkeyPatch, shell: dict[str, str], expected: str | None
) -> None:
    """In both spellings, where the shell has a proxy; what it excludes stays excluded."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    with fake_dynamodb() as endpoint:
        run = inv("local.env", "--endpoint", endpoint, "--json")

    variables = run.document["data"]["variables"]
    assert (variables.get("NO_PROXY"), variables.get("no_proxy")) == (expected, expected)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:1/ x", "http://127.0.0.1:1/\x1b", "http://h:1/\n"]
)
def test_env_refuses_an_endpoint_that_no_line_can_hold(inv: Inv, endpoint: str) -> None:
    """A space or a control character, which the output would not show as it is."""
    run = inv("local.env", "--json", "--endpoint", endpoint)

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
