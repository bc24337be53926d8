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


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of examples before any property is imported."""
    from tests.support.examples import choose

    choose(quick=config.getoption("--quick"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long where a quick answer is wanted."""
    if config.getoption("--quick"):
        markers = ("process", "slow")
        slow = [item for item in items if any(map(item.get_closest_marker, markers))]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


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
