"""Node.js and dynamodb-admin: found, too old, absent, broken, installed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from osem_tasks.engines.admin import npm
from osem_tasks.errors import ErrorCode, OsemError
from tests.support import fake_node

pytestmark = pytest.mark.process


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on PATH, where only the system's own programs follow."""
    folder = tmp_path / "bin"
    folder.mkdir()
    # Without the folders where a real Node.js may be.
    monkeypatch.setenv("PATH", f"{folder}:/bin" if Path("/bin/sh").exists() else str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("node", "npm"):
        # Hides a real one in /bin.
        fake_node.put(folder, name, "#!/bin/sh\nexit 127\n")
    return folder


@pytest.mark.parametrize(
    "text, words",
    [
        pytest.param(fake_node.versioned("v18.20.4"), "v18", id="old"),
        pytest.param(fake_node.versioned("v8.0.0"), "v8", id="ancient"),
        pytest.param("#!/bin/sh\nexit 1\n", "does not tell its version", id="fails"),
        pytest.param("#!/bin/sh\necho hello\n", "does not tell its version", id="another-program"),
        pytest.param("#!/nowhere/sh\n", "does not tell its version", id="no-interpreter"),
    ],
)
def test_an_unusable_node_is_named(programs: Path, text: str, words: str) -> None:
    """Its path and what is wrong with it are in the message, the needed version in the remedy."""
    fake_node.put(programs, "node", text)
    with pytest.raises(OsemError, match=words) as caught:
        npm.node()

    assert str(programs / "node") in caught.value.message
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert caught.value.remediation == "Install Node.js 20 or newer."


@pytest.mark.parametrize("version", ["v20.0.0", "v22.11.0", "v25.0.0-nightly"])
def test_a_new_enough_node_is_used(programs: Path, version: str) -> None:
    """The first on PATH is taken."""
    found = fake_node.put(programs, "node", fake_node.versioned(version))

    assert npm.node() == str(found)


def test_no_node_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Node.js the message says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OsemError, match=r"^Node\.js is not installed\.$"):
        npm.node()
    with pytest.raises(OsemError, match=r"^npm is not installed\.$"):
        npm.install(lambda _: None)


def test_it_is_installed_once(programs: Path) -> None:
    """npm gets the pinned version and runs no scripts; afterwards the program is found."""
    fake_node.put(programs, "npm", fake_node.INSTALLING)
    said: list[str] = []
    assert npm.installed() is None

    script = npm.install(said.append)

    assert script.is_file()
    assert npm.installed() == script
    assert said == ["installing dynamodb-admin 5.3.3 with npm, once"]
    (call,) = (programs / "calls").read_text(encoding="utf-8").splitlines()
    assert call.endswith("dynamodb-admin@5.3.3")
    assert "--ignore-scripts" in call.split()
    # Nothing else is left beside it.
    assert [path.name for path in script.parents[4].iterdir()] == ["dynamodb-admin-5.3.3"]


def test_a_failing_npm_is_quoted(programs: Path) -> None:
    """Its own error lines are in the message, and nothing looks installed."""
    fake_node.put(programs, "npm", "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n")
    with pytest.raises(OsemError) as caught:
        npm.install(lambda _: None)

    assert caught.value.message == (
        "npm cannot install dynamodb-admin:\n  npm error code ENOTFOUND"
    )
    assert caught.value.remediation == "npm install --global dynamodb-admin"
    assert npm.installed() is None


def test_one_on_path_is_used_through_its_links(programs: Path, tmp_path: Path) -> None:
    """A global installation is a link to a script; a launcher of another kind is passed over."""
    script = fake_node.put(tmp_path / "lib", "dynamodb-admin.js", "#!/usr/bin/env node\n")
    link = programs / "dynamodb-admin"
    link.symlink_to(script)
    assert npm.installed() == script.resolve()

    link.unlink()
    fake_node.put(programs, "dynamodb-admin", "#!/bin/sh\n")
    assert npm.installed() is None
