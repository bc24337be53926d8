"""Configuration: precedence of the environment, every wrong value, all problems at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.settings import Settings, option
from osem_tasks.config.values import port_number, seconds
from osem_tasks.errors import ConfigurationError, ErrorCode

ENGINES = ("auto", "docker", "moto")


def read(
    configuration: dict[str, Any] | None = None, variables: dict[str, str] | None = None
) -> Settings:
    """The settings of this configuration."""
    return Settings.read(configuration or {}, variables or {}, engines=ENGINES)


def problems_of(
    configuration: dict[str, Any], variables: dict[str, str] | None = None
) -> tuple[str, ...]:
    """What is wrong with this configuration."""
    with pytest.raises(ConfigurationError) as caught:
        read(configuration, variables)
    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code
    return caught.value.problems


@pytest.mark.parametrize(
    "option, variables, expected",
    [
        pytest.param(None, {}, "local", id="default"),
        pytest.param(None, {"NODE_ENV": "development"}, "dev", id="node-development"),
        pytest.param(None, {"NODE_ENV": "production"}, "prod", id="node-production"),
        pytest.param(None, {"NODE_ENV": "test"}, "test", id="node-test"),
        pytest.param(None, {"NODE_ENV": "staging"}, "staging", id="node-staging"),
        pytest.param(None, {"NODE_ENV": "ci"}, "local", id="node-foreign-is-passed-over"),
        pytest.param(None, {"NODE_ENV": "Production"}, "local", id="node-of-other-case"),
        pytest.param(None, {"NODE_ENV": ""}, "local", id="node-empty"),
        pytest.param(None, {"OSEM_ENV": "dev"}, "dev", id="osem"),
        pytest.param(None, {"OSEM_ENV": "", "NODE_ENV": "test"}, "test", id="osem-empty"),
        pytest.param(None, {"OSEM_ENV": "dev", "NODE_ENV": "production"}, "dev", id="osem>node"),
        pytest.param(
            "staging", {"OSEM_ENV": "dev", "NODE_ENV": "production"}, "staging", id="option>all"
        ),
        pytest.param("staging", {"OSEM_ENV": "unknown"}, "staging", id="option>unknown-osem"),
        pytest.param("", {"OSEM_ENV": "dev"}, "dev", id="option-empty"),
        pytest.param("qa", {}, "qa", id="configured"),
        pytest.param(None, {"NODE_ENV": "qa"}, "qa", id="node-configured"),
    ],
)
def test_environment(option: str | None, variables: dict[str, str], expected: str) -> None:
    """--env > OSEM_ENV > NODE_ENV, translated and only where it names one > ``local``."""
    settings = read({"environments": {"qa": {"where": "local"}}})

    assert expected == settings.environment(option, variables).name


@pytest.mark.parametrize(
    "option, variables, source",
    [
        pytest.param("qa", {}, "--env", id="option"),
        pytest.param(None, {"OSEM_ENV": "qa"}, "OSEM_ENV", id="variable"),
        pytest.param("qa", {"OSEM_ENV": "dev"}, "--env", id="option-in-spite-of-variable"),
    ],
)
def test_unknown_environment(option: str | None, variables: dict[str, str], source: str) -> None:
    """An unknown environment is an error that names its source and lists the known ones."""
    with pytest.raises(ConfigurationError) as caught:
        read().environment(option, variables)

    known = "local, test, dev, staging, prod"
    assert (
        f"{source} names the unknown environment 'qa'; known are {known}",
    ) == caught.value.problems


@pytest.mark.parametrize("typed, meant", [("dve", "dev"), ("Prod", "prod"), ("stagign", "staging")])
def test_a_mistyped_environment(typed: str, meant: str) -> None:
    """The error asks for the nearest environment."""
    with pytest.raises(ConfigurationError, match=f"did you mean '{meant}'"):
        read().environment(typed, {})


@pytest.mark.parametrize("word", ["development", "production"])
def test_words_of_node_are_no_environments(word: str) -> None:
    """Only NODE_ENV is translated: ``--env production`` is unknown."""
    with pytest.raises(ConfigurationError):
        read().environment(word, {})


def test_defaults() -> None:
    """Nothing configured gives the defaults."""
    assert (
        Settings(
            engine="auto",
            name="osem-dynamodb-local",
            image=DEFAULTS["image"],
            port=8000,
            timeout=60.0,
            log="",
            tables=(),
            environments={
                name: replace(known, prefix="osem-{env}-") for name, known in BUILT_IN.items()
            },
            sources=read().sources,
        )
        == read()
    )


@pytest.mark.parametrize(
    "key, variable, configured, value, expected",
    [
        pytest.param("engine", "OSEM_LOCAL_ENGINE", "docker", "moto", "moto", id="engine"),
        pytest.param("name", "OSEM_LOCAL_NAME", "mine", "ours", "ours", id="name"),
        pytest.param("image", "OSEM_LOCAL_IMAGE", "a/b:1", "c/d:2", "c/d:2", id="image"),
        pytest.param("port", "OSEM_LOCAL_PORT", 8001, "8002", 8002, id="port"),
        pytest.param("log", "OSEM_LOG", "a.log", "b.log", "b.log", id="log"),
    ],
)
def test_variable_stands_above_the_configuration(
    key: str, variable: str, configured: object, value: str, expected: object
) -> None:
    """Variable > configuration > default; an empty variable is unset."""
    configuration = {key: configured}

    assert expected == getattr(read(configuration, {variable: value}), key)
    assert configured == getattr(read(configuration, {variable: ""}), key)


PORT = "must be a port number from 0 to 65535"
SECONDS = "must be a number of seconds greater than 0"
NAME = "must be two or more letters, digits, '_', '.' and '-', beginning with a letter or digit"
WRONG: dict[str, tuple[str, list[Any]]] = {
    "engine": (f"must be one of {', '.join(ENGINES)}", ["postgres", "Docker", "", None, 1, []]),
    "name": (NAME, ["-mine", "my engine", "a/b", "../x", "x", "mine\nyours"]),
    "image": ("must be a string", ["", "  ", None, 5, ["a"]]),
    "port": (PORT, [-1, 65536, "http", "", None, True, 80.5, [8000]]),
    "timeout": (SECONDS, [0, -1, "soon", "", None, True, float("nan"), float("inf"), []]),
}


@pytest.mark.parametrize(
    "key, rule, value",
    [
        pytest.param(key, rule, value, id=f"{key}-{value!r}")
        for key, (rule, values) in WRONG.items()
        for value in values
    ],
)
def test_wrong_value(key: str, rule: str, value: object) -> None:
    """A wrong value is one problem: where it stands, what is allowed, what was found."""
    assert (f"osem.{key} {rule}, not {value!r}",) == problems_of({key: value})


@pytest.mark.parametrize("value", ["", "  ", None, 7])
def test_name_must_be_a_string(value: object) -> None:
    """A name that is no string at all says so."""
    assert (f"osem.name must be a string, not {value!r}",) == problems_of({"name": value})


@pytest.mark.parametrize(
    "variable, value, rule",
    [
        pytest.param("OSEM_LOCAL_PORT", "http", PORT, id="port"),
        pytest.param("OSEM_LOCAL_NAME", "a b", NAME, id="name"),
        pytest.param("OSEM_LOCAL_IMAGE", " ", "must be a string", id="image"),
        pytest.param("OSEM_LOCAL_ENGINE", "x", f"must be one of {', '.join(ENGINES)}", id="engine"),
    ],
)
def test_wrong_variable_is_named(variable: str, value: str, rule: str) -> None:
    """A problem names the variable where the value came from it."""
    assert (f"{variable} {rule}, not {value!r}",) == problems_of({}, {variable: value})


def test_unknown_key() -> None:
    """A key that nobody reads is a problem that lists the known ones."""
    known = ", ".join(DEFAULTS)

    assert (f"osem.prot is not known; known are {known}; did you mean 'port'?",) == problems_of(
        {"prot": 8000}
    )


def test_unknown_variable_of_invoke() -> None:
    """A variable for a key that nobody reads is a problem too: Invoke would pass it over."""
    problems = problems_of({}, {"INVOKE_OSEM_PROT": "1", "INVOKE_OSEM_PORT": "1"})

    assert [problem.split()[0] for problem in problems] == ["INVOKE_OSEM_PROT"]


@pytest.mark.parametrize("value", [None, 5, ["a.log"]], ids=repr)
def test_log_must_be_a_string(value: object) -> None:
    """A log that is no path is a problem, not a file of that name."""
    assert [problem.split()[0] for problem in problems_of({"log": value})] == ["osem.log"]


def test_all_problems_are_reported_at_once() -> None:
    """One error lists unknown keys, wrong values and the environments' problems."""
    actual = problems_of(
        {"prot": 1, "port": -1, "environments": {"dev": {"where": "mars"}}},
        {"OSEM_LOCAL_ENGINE": "x"},
    )

    assert [problem.split()[0] for problem in actual] == [
        "osem.prot",
        "OSEM_LOCAL_ENGINE",
        "osem.port",
        "osem.environments.dev.where",
    ]


@pytest.mark.parametrize(
    "value, expected", [(0, 0), ("0", 0), (8000, 8000), ("65535", 65535)], ids=repr
)
def test_port_number(value: object, expected: int) -> None:
    """A port is a whole number from 0 to 65535, as a number or as a text."""
    assert expected == port_number(value)


@pytest.mark.parametrize("value, expected", [(1, 1.0), ("60", 60.0), (0.5, 0.5)], ids=repr)
def test_seconds(value: object, expected: float) -> None:
    """A time is any positive number, as a number or as a text."""
    assert expected == seconds(value)


def test_an_option_is_checked_like_a_setting() -> None:
    """A wrong option is named as it was typed."""
    assert option("--port", "8001", port_number) == 8001
    with pytest.raises(ConfigurationError) as caught:
        option("--port", "http", port_number)

    assert caught.value.problems == (f"--port {PORT}, not 'http'",)


@pytest.mark.parametrize(
    "configuration, name, expected",
    [
        pytest.param({"prefix": "acme-{env}-"}, "dev", "acme-dev-", id="of-all-environments"),
        pytest.param({"prefix": ""}, "dev", "", id="none"),
        pytest.param(
            {"prefix": "acme-{env}-", "environments": {"dev": {"prefix": "own-"}}},
            "dev",
            "own-",
            id="of-its-own",
        ),
    ],
)
def test_prefix_of_an_environment(configuration: dict[str, Any], name: str, expected: str) -> None:
    """An environment's own prefix wins over the one that is configured for all."""
    assert read(configuration).environments[name].default_prefix == expected


@pytest.mark.parametrize(
    "application, tags",
    [
        pytest.param("shop", {"Application": "shop", "Environment": "dev"}, id="named"),
        pytest.param("", {"Environment": "dev"}, id="left-out"),
    ],
)
def test_application_of_every_environment(application: str, tags: dict[str, str]) -> None:
    """The tag Application has the configured value; an empty one is left out."""
    assert read({"application": application}).environments["dev"].all_tags == tags
