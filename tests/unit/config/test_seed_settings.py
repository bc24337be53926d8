"""Which seed an environment has, and what its paths are relative to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config import file
from osem_tasks.config.settings import OSEM_SEED, Settings
from osem_tasks.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

OSEM = "osem_tasks.declarations.osem:TABLES"


def read(configuration: dict[str, Any]) -> Settings:
    """The settings of this configuration."""
    return Settings.read(configuration, {}, engines=("auto", "moto"))


@pytest.mark.parametrize(
    "configuration, environment, expected",
    [
        ({"tables": "t.json", "seed": "a.jsonl"}, "local", ("a.jsonl",)),
        ({"tables": "t.json", "seed": ["a.jsonl", "shop:seed"]}, "dev", ("a.jsonl", "shop:seed")),
        ({"seed": "a", "environments": {"dev": {"seed": "b"}}}, "dev", ("b",)),
        ({"seed": "a", "environments": {"dev": {"seed": "b"}}}, "local", ("a",)),
        ({"seed": "a", "environments": {"dev": {"seed": ["b", "c"]}}}, "dev", ("b", "c")),
        ({"tables": OSEM}, "test", (OSEM_SEED,)),
        ({"tables": [OSEM]}, "local", (OSEM_SEED,)),
        ({"tables": "osem_tasks.schema.osem:TABLES"}, "local", (OSEM_SEED,)),
        ({"tables": OSEM, "seed": "a"}, "local", ("a",)),
        ({"tables": "t.json"}, "local", ()),
        ({"tables": [OSEM, "t.json"]}, "local", ()),
        ({"seed": "a", "environments": {"dev": {"seed": ""}}}, "dev", ()),
        ({"tables": OSEM, "environments": {"dev": {"seed": ""}}}, "dev", ()),
    ],
)
def test_the_seed_of_an_environment(
    configuration: dict[str, Any], environment: str, expected: tuple[str, ...]
) -> None:
    """Its own before the general one before OSEM's, which is for OSEM's tables alone."""
    settings = read(configuration)
    if expected:
        assert settings.seed_of(settings.environments[environment])[0] == expected
        return
    with pytest.raises(ConfigurationError) as caught:
        settings.seed_of(settings.environments[environment])
    assert f"no seed is configured for environment '{environment}'" in caught.value.message
    assert "osem: {seed: seed/*.jsonl}" in caught.value.remediation


@pytest.mark.parametrize(
    "configuration",
    [
        {"seed": 5},
        {"seed": []},
        {"seed": ["a", 5]},
        {"seed": {"Orders": "a"}},
        {"environments": {"dev": {"seed": 5}}},
        {"environments": {"dev": {"seed": {"Orders": "a"}}}},
    ],
)
def test_wrong_values(configuration: dict[str, Any]) -> None:
    """A value that names no sources is a problem of the configuration."""
    with pytest.raises(ConfigurationError, match="must be a string or a list of strings"):
        read(configuration)


@pytest.mark.parametrize("toml", [False, True])
def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path, toml: bool) -> None:
    """Also where the task is called in a folder below."""
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    if toml:
        (tmp_path / "pyproject.toml").write_text(
            '[tool.osem]\nseed = "a"\n[tool.osem.environments.dev]\nseed = "b"\n'
        )
    else:
        (tmp_path / "invoke.yaml").write_text("osem: {seed: a, environments: {dev: {seed: b}}}\n")

    settings = file.settings(below, ("auto", "docker", "moto"))

    found = {name: settings.seed_of(settings.environments[name]) for name in ("local", "dev")}
    assert found == {"local": (("a",), tmp_path), "dev": (("b",), tmp_path)}
