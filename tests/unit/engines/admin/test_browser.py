"""The data browser: started, reused, replaced, ended, and never mistaken for a stranger."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

from osem_tasks.engines import host, manager, records
from osem_tasks.engines.admin import browser, record
from osem_tasks.engines.admin.browser import BrowserRequest
from osem_tasks.engines.admin.record import BrowserRecord
from osem_tasks.errors import ErrorCode, OsemError
from tests.support import fake_node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.process, pytest.mark.slow]

ENDPOINT = "http://127.0.0.1:9"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only folder on PATH, with a fake Node.js; no browser is left afterwards."""
    folder = tmp_path / "bin"
    fake_node.put(folder, "node", fake_node.SERVING)
    script = fake_node.put(tmp_path / "lib", "dynamodb-admin.js", "")
    (folder / "dynamodb-admin").symlink_to(script)
    monkeypatch.setenv("PATH", str(folder))
    yield folder
    browser.down("mine")


def request(**facts: Any) -> BrowserRequest:
    """A request of the browser of engine `mine`."""
    defaults: dict[str, Any] = {"endpoint": ENDPOINT, "image": "i", "timeout": 20.0, "port": 0}
    return BrowserRequest(name="mine", **{**defaults, **facts})


def up(**facts: Any) -> tuple[BrowserRecord, str]:
    """The browser, and how it came."""
    result = browser.up(request(**facts), lambda _: None)
    return result.record, result.how


def test_it_listens_on_the_loopback_only(programs: Path) -> None:
    """Its address is one of this machine, its process the recorded one."""
    found, how = up()

    assert how == "started"
    connections = psutil.Process(found.pid or 0).net_connections(kind="tcp")
    assert {connection.laddr[0] for connection in connections} == {"127.0.0.1"}
    assert urlsplit(found.url).hostname == "127.0.0.1"
    assert programs.is_dir()


def test_a_second_call_reuses_it(programs: Path) -> None:
    """The same process answers; another endpoint or port replaces it."""
    assert programs.is_dir()
    first, _ = up()

    assert up() == (first, "reused")
    elsewhere, how = up(endpoint="http://127.0.0.1:10")
    assert (how, elsewhere.endpoint) == ("started", "http://127.0.0.1:10")
    assert not psutil.pid_exists(first.pid or 0) or _is_over(first.pid or 0)


@pytest.mark.usefixtures("programs")
def test_a_taken_port_is_said_or_avoided() -> None:
    """A port that was asked for is an error with the command; the default moves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(OsemError, match=f"Port {taken} of 127.0.0.1 is taken") as caught:
            up(port=taken)
        assert caught.value.code is ErrorCode.PORT_IN_USE
        assert "local.admin --name mine --port 0" in caught.value.remediation

    found, _ = up(port=None)
    assert urlsplit(found.url).port


@pytest.mark.parametrize(
    "program, words",
    [
        pytest.param(fake_node.ENDING, "ended with code 1", id="ends"),
        pytest.param(fake_node.SILENT, "did not show the tables within 0.3 s", id="silent"),
    ],
)
def test_a_browser_that_does_not_start_is_not_left(
    programs: Path, program: str, words: str
) -> None:
    """The end of its log is shown, its process is ended, no record is kept."""
    fake_node.put(programs, "node", program)
    with pytest.raises(OsemError, match=words) as caught:
        up(timeout=0.3 if "silent" in words or "show" in words else 20.0)

    if program is fake_node.ENDING:
        assert "Cannot find module 'express'" in caught.value.message
    slow = "inv local.admin --name mine --timeout 0.6   or: " * (program is fake_node.SILENT)
    again = "npm install --global dynamodb-admin   then: inv local.admin --name mine"
    assert caught.value.remediation == slow + again
    assert host.processes_with(browser.marker("mine")) == []
    assert record.load("mine") is None


@pytest.mark.usefixtures("programs")
def test_local_down_ends_it() -> None:
    """With the engine, or alone; also one whose record is lost."""
    found, _ = up()
    record.forget("mine")

    removed = manager.take_down("mine")

    assert removed == [f"dynamodb-admin process {found.pid}"]
    assert manager.take_down("mine") == []


@pytest.mark.usefixtures("programs")
def test_a_record_that_names_another_process_ends_nothing() -> None:
    """A pid alone is no proof: a stranger's process stays."""
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(sleep) as stranger:
        record.save(
            BrowserRecord(
                name="mine",
                url="http://127.0.0.1:1",
                endpoint=ENDPOINT,
                pid=stranger.pid,
                process_identity=host.process_identity(stranger.pid),
            )
        )

        assert browser.down("mine") == []
        assert stranger.poll() is None
        assert up()[1] == "started"
        stranger.kill()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"url": "http://10.0.0.1:80"}, id="another-machine"),
        pytest.param({"url": "file:///etc/passwd"}, id="no-http"),
        pytest.param({"endpoint": None}, id="no-endpoint"),
        pytest.param({"pid": -1}, id="a-process-group"),
        pytest.param({"name": "other"}, id="another-name"),
        pytest.param({"container": "../x"}, id="no-id"),
    ],
)
def test_a_record_is_a_claim(values: dict[str, Any]) -> None:
    """A field that we would not write makes the record unknown."""
    good = BrowserRecord(name="mine", url="http://127.0.0.1:1", endpoint=ENDPOINT, pid=4242)
    record.save(good)
    assert record.load("mine") == good
    path = records.directory() / f"mine{records.BROWSER}"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}), encoding="utf-8")

    assert record.load("mine") is None


def _is_over(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
