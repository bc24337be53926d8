"""What every test begins with: none of the developer's own environment."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOREIGN = (
    "AWS_",
    "GITHUB_",
    "PYTEST_ADDOPTS",
    "OSEM_",
    "INVOKE_",
    "DOCKER_",
    "DYNAMODB_LOCAL_",
    "NODE_ENV",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer ask for a quick answer."""
    parser.addoption(
        "--quick",
        action="store_true",
        help="few examples in every property, and no slow test",
    )
    parser.addoption(
        "--one-engine",
        action="store_true",
        help="leave out what runs on other engines beside the session's: another session does it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of examples before any property is imported; read botocore's files once."""
    from tests.support import botocore_once
    from tests.support.examples import choose

    choose(quick=config.getoption("--quick"))
    botocore_once.share()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long where a quick answer is wanted, and what another session does.

    The longest tests come first, also in a random order: at the end one worker would be left with
    them.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    left_out: set[pytest.Item] = set()
    if config.getoption("--quick"):
        markers = ("process", "slow")
        left_out |= {item for item in items if any(map(item.get_closest_marker, markers))}
    if config.getoption("--one-engine"):
        left_out |= {item for item in items if _is_on_another_engine(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _is_on_another_engine(item: pytest.Item) -> bool:
    """Whether a test that runs on every engine names the one that it runs on here."""
    from osem_tasks.engines import registry

    parameters = getattr(getattr(item, "callspec", None), "params", {})
    chosen = {str(parameters.get(name)) for name in ("engine", "kind", "shelf")}
    return not chosen.isdisjoint(registry.names())


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A path for every test's own home; numbered here, because pytest would list all of them."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """Take away what a developer's shell or CI has set; no test reaches a real account."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("OSEM_STATE_DIR", str(home / "state"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
