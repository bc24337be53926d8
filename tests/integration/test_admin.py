"""The data browser in a real browser: dynamodb-admin from npm, seen by headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from osem_tasks.engines.admin import browser, npm
from osem_tasks.errors import OsemError
from tests.integration import fixtures_local as given
from tests.integration.fixtures_local import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import Engine
    from tests.support.inv import Inv

pytestmark = pytest.mark.integration

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--virtual-time-budget=5000",
    "--dump-dom",
]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache directory with dynamodb-admin, installed by our own code."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        try:
            npm.node()
            npm.install(lambda _: None)
        except OsemError as error:
            pytest.skip(f"no dynamodb-admin: {error.message}")
    return folder


@pytest.fixture
def admin(
    inv: Inv, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch, own_state: Path
) -> Iterator[str]:
    """The address of a data browser on the engine, which ends with the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert not own_state.exists()
    # Otherwise --endpoint would wait for a record of the session's engine.
    document = inv("local.admin", "--port", "0", "--endpoint", engine.endpoint, "--json").document
    assert document["success"], document["error"]
    yield str(document["data"]["url"])
    browser.down(document["data"]["name"])


def seen(url: str, tmp_path: Path) -> str:
    """The page as a browser shows it, once its scripts have run."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("no Chromium")
    return subprocess.run(
        [chromium, *CHROMIUM, f"--user-data-dir={tmp_path / 'profile'}", url],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_the_browser_lists_tables_and_opens_an_item(
    admin: str, inv: Inv, engine: Engine, prefix: str, tmp_path: Path
) -> None:
    """Every table is listed; a table leads to its items, an item shows its sets as lists."""
    assert inv("db.setup").code == 0
    engine.client().put_item(
        TableName=f"{prefix}Teams",
        Item={"teamId": {"S": "t-1"}, "teamName": {"S": "Platform"}, "memberIds": {"SS": ["u-7"]}},
    )

    assert urlsplit(admin).hostname == "127.0.0.1"
    expected = [f"{prefix}{name}" for name in ("Users", "Teams", "ConfigVersions")]

    def lists_all() -> bool:
        page = seen(admin, tmp_path)
        return all(name in page for name in expected)

    # While another test deletes a table of this engine, the page shows that error instead.
    given.eventually(lists_all, f"the page lists {expected}")
    items = seen(f"{admin}/tables/{prefix}Teams", tmp_path)
    link = re.search(r'href="(/tables/[^"]*/items/[^"]*)"', items)
    assert link, items[-2000:]
    item = seen(f"{admin}{link[1]}", tmp_path)
    assert "Platform" in item
    assert "u-7" in item


@pytest.fixture
def image(cache: Path, tmp_path: Path) -> Iterator[str]:
    """An image with the contract of dynamodb-admin's own, made of this machine's Node.js."""
    with given.connected() as docker:
        archive, tag = tmp_path / "image.tar", f"{given.new_name()}:1"
        node = str(Path(npm.node()).resolve())
        linked = subprocess.run(["ldd", node], capture_output=True, text=True, check=True).stdout
        (package,) = cache.glob("osem-tasks/dynamodb-admin-*")
        with tarfile.open(archive, "w", dereference=True) as tar:
            for library in re.findall(r"(/[^ ]+) \(0x", linked):
                tar.add(library)
            tar.add(node, "usr/bin/node")
            tar.add(package, "app")
        start = '["node", "/app/node_modules/dynamodb-admin/dist/dynamodb-admin.js"]'
        docker.client.api.import_image_from_file(
            str(archive),
            repository=tag.partition(":")[0],
            tag="1",
            changes=[f"CMD {start}", "ENV PATH=/usr/bin", "EXPOSE 8001"],
        )
        yield tag
        docker.client.images.remove(tag, force=True)


@pytest.mark.docker
def test_a_container_beside_the_engines_container(image: str, tmp_path: Path) -> None:
    """It shows the engine's tables on the loopback, leaves the engine's port, and goes with it."""
    with given.connected() as docker:
        shell = Shell(given.new_name(), tmp_path / "state", {"XDG_CACHE_HOME": str(tmp_path)})
        try:
            shell.json("local.up", "--engine", "docker")
            given.put_table(shell.engine())
            data = shell.json("local.admin", "--port", "0", "--image", image)

            assert data["container"]
            ports = docker.client.containers.get(data["container"]).ports
            (published,) = ports["8001/tcp"] or []
            assert published["HostIp"] == "127.0.0.1"
            with urllib.request.urlopen(data["url"]) as page:
                assert b"Mine" in page.read()
            assert given.table_names(shell.engine()) == ["Mine"]
            removed = shell.json("local.down")["removed"]
            assert removed == [f"container {shell.name}-admin", f"container {shell.name}"]
        finally:
            shell("local.down")
            docker.clear(shell.name)
