"""Where a task acts: the documented precedence as tables, and every contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config.endpoints import SdkEndpoint
from osem_tasks.config.environments import BUILT_IN, Environment
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.schema.model import TableSet, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.target import Target

ENGINE = "http://127.0.0.1:8000"
OTHER = "http://127.0.0.1:9001"
SERVICE = "AWS_ENDPOINT_URL_DYNAMODB"
GLOBAL = "AWS_ENDPOINT_URL"


def at(name: str, variables: Mapping[str, str] | None = None, **options: Any) -> Target:
    """The target of a built-in environment."""
    return resolve(BUILT_IN[name], TargetOptions(**options), variables or {})


@pytest.mark.parametrize(
    "options, variables, endpoint, source",
    [
        pytest.param({}, {}, ENGINE, "the default", id="default"),
        pytest.param({"recorded": OTHER}, {}, OTHER, "the running engine", id="recorded"),
        pytest.param(
            {"recorded": OTHER}, {GLOBAL: "http://c:1"}, "http://c:1", GLOBAL, id="global>recorded"
        ),
        pytest.param(
            {},
            {SERVICE: "http://b:1", GLOBAL: "http://c:1"},
            "http://b:1",
            SERVICE,
            id="service>global",
        ),
        pytest.param(
            {"started": OTHER}, {SERVICE: "http://b:1"}, OTHER, "local.up", id="started>service"
        ),
        pytest.param(
            {"started": OTHER, "recorded": "http://r:1"},
            {},
            OTHER,
            "local.up",
            id="started>recorded",
        ),
        pytest.param(
            {"endpoint": "http://a:1", "started": OTHER, "recorded": "http://r:1"},
            {SERVICE: "http://b:1", GLOBAL: "http://c:1"},
            "http://a:1",
            "--endpoint",
            id="option>all",
        ),
        pytest.param({}, {SERVICE: "", GLOBAL: ""}, ENGINE, "the default", id="empty-is-unset"),
        pytest.param({"endpoint": ""}, {}, ENGINE, "the default", id="empty-option-is-unset"),
    ],
)
def test_endpoint_of_a_local_environment(
    options: dict[str, str], variables: dict[str, str], endpoint: str, source: str
) -> None:
    """--endpoint > this command line's engine > service variable > global one > record > default."""
    actual = at("local", variables, **options)

    assert (endpoint, source, True) == (actual.endpoint, actual.source, actual.local)


@pytest.mark.parametrize(
    "options, variables, endpoint, source, diverted_by",
    [
        pytest.param({}, {}, None, "AWS", None, id="aws-itself"),
        pytest.param({"started": ENGINE}, {}, None, "AWS", None, id="started-engine-is-not-aws"),
        pytest.param({"recorded": ENGINE}, {}, None, "AWS", None, id="recorded-engine-is-not-aws"),
        pytest.param(
            {}, {GLOBAL: "https://proxy:1"}, "https://proxy:1", GLOBAL, GLOBAL, id="global-variable"
        ),
        pytest.param(
            {},
            {SERVICE: "https://b:1", GLOBAL: "https://c:1"},
            "https://b:1",
            SERVICE,
            SERVICE,
            id="service>global",
        ),
        pytest.param(
            {},
            {SERVICE: "https://b:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            None,
            "AWS",
            None,
            id="variables-ignored-by-the-sdk",
        ),
        pytest.param(
            {},
            {SERVICE: "https://b:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
            "https://b:1",
            SERVICE,
            SERVICE,
            id="variables-not-ignored",
        ),
        pytest.param(
            {"endpoint": "https://dynamodb.us-east-1.amazonaws.com"},
            {SERVICE: "https://b:1"},
            "https://dynamodb.us-east-1.amazonaws.com",
            "--endpoint",
            None,
            id="option>variable",
        ),
    ],
)
def test_endpoint_of_an_aws_environment(
    options: dict[str, str],
    variables: dict[str, str],
    endpoint: str | None,
    source: str,
    diverted_by: str | None,
) -> None:
    """The SDK's own resolution; a variable that diverts it is named."""
    actual = at("dev", variables, **options)

    assert (endpoint, source, diverted_by, False) == (
        actual.endpoint,
        actual.source,
        actual.diverted_by,
        actual.local,
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:8000",
        "http://127.0.0.2:8000",
        "http://localhost:8000",
        "http://LOCALHOST:8000/",
        "http://localhost.:8000",
        "http://[::1]:8000",
        "https://127.0.0.1",
    ],
)
def test_loopback_endpoint_makes_any_environment_local(endpoint: str) -> None:
    """``--env dev --endpoint`` on loopback: that environment's names, the local engine's rules."""
    actual = at("prod", endpoint=endpoint)

    assert (True, endpoint, "osem-prod-", None) == (
        actual.local,
        actual.endpoint,
        actual.prefix,
        actual.diverted_by,
    )


@pytest.mark.parametrize(
    "options, variables, expected",
    [
        pytest.param({}, {}, None, id="left-to-the-profile"),
        pytest.param({}, {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1", id="default-variable"),
        pytest.param(
            {},
            {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"},
            "us-west-2",
            id="region>default",
        ),
        pytest.param(
            {"region": "ap-south-1"},
            {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"},
            "ap-south-1",
            id="option>variables",
        ),
        pytest.param(
            {"region": ""},
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"},
            "eu-west-1",
            id="empty-is-unset",
        ),
    ],
)
def test_region(options: dict[str, str], variables: dict[str, str], expected: str | None) -> None:
    """--region > AWS_REGION > AWS_DEFAULT_REGION > what the profile says."""
    assert expected == at("dev", variables, **options).region


@pytest.mark.parametrize(
    "environment, variables, expected",
    [
        pytest.param(BUILT_IN["dev"], {}, "osem-dev-", id="from-the-name"),
        pytest.param(BUILT_IN["dev"], {"OSEM_DB_PREFIX": "alice-"}, "alice-", id="variable"),
        pytest.param(BUILT_IN["dev"], {"OSEM_DB_PREFIX": ""}, "osem-dev-", id="empty-is-unset"),
        pytest.param(
            Environment(name="qa", where="local", prefix="acme-"), {}, "acme-", id="configured"
        ),
        pytest.param(
            Environment(name="qa", where="local", prefix="acme-"),
            {"OSEM_DB_PREFIX": "alice-"},
            "alice-",
            id="variable>configured",
        ),
    ],
)
def test_prefix(environment: Environment, variables: dict[str, str], expected: str) -> None:
    """OSEM_DB_PREFIX > the environment's prefix > ``osem-{env}-``."""
    assert expected == resolve(environment, TargetOptions(), variables).prefix


@pytest.mark.parametrize(
    "options, variables, named",
    [
        pytest.param({"started": ENGINE}, {SERVICE: OTHER}, [SERVICE], id="service"),
        pytest.param({"started": ENGINE}, {GLOBAL: OTHER}, [GLOBAL], id="global"),
        pytest.param(
            {"started": ENGINE}, {SERVICE: OTHER, GLOBAL: OTHER}, [SERVICE, GLOBAL], id="both"
        ),
        pytest.param({"started": ENGINE}, {SERVICE: ENGINE}, [], id="same-engine"),
        pytest.param({"started": ENGINE}, {}, [], id="none-set"),
        pytest.param({}, {SERVICE: OTHER}, [], id="no-engine-started"),
    ],
)
def test_warning_about_a_diverting_variable(
    options: dict[str, str], variables: dict[str, str], named: list[str]
) -> None:
    """A variable passed over for the engine of this command line is named in a warning."""
    warnings = at("local", variables, **options).warnings

    assert named == [words.partition("=")[0].rpartition(" ")[2] for words in warnings]


BAD_URLS = [
    "127.0.0.1:8000",
    "localhost",
    "localhost:8000",
    "ftp://127.0.0.1:8000",
    "http://",
    "http://:8000",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:port",
    "http://[::1",
    " ",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_endpoint_must_be_a_url(url: str) -> None:
    """An --endpoint that is no URL is an error that names option and value."""
    with pytest.raises(ConfigurationError) as caught:
        at("dev", endpoint=url)

    assert caught.value.problems in (
        (f"--endpoint must be a URL such as {ENGINE}, not {url!r}",),
        (f"--endpoint has no scheme: {url!r}",),
    )


@pytest.mark.parametrize("name", ["local", "dev"])
@pytest.mark.parametrize("variable", [SERVICE, GLOBAL])
def test_endpoint_variable_must_be_a_url(name: str, variable: str) -> None:
    """A variable that is no URL is an error that names the variable."""
    with pytest.raises(ConfigurationError, match=f"{variable} has no scheme"):
        at(name, {variable: "127.0.0.1:8000"})


AWS_HOSTS = [
    "dynamodb.us-east-1.amazonaws.com",
    "DYNAMODB.US-EAST-1.AMAZONAWS.COM",
    "dynamodb.us-east-1.amazonaws.com.",
    "123456789012.ddb.us-east-1.amazonaws.com",
    "dynamodb-fips.us-gov-west-1.amazonaws.com",
    "dynamodb.us-east-1.api.aws",
    "dynamodb.cn-north-1.amazonaws.com.cn",
    "dynamodb.cn-north-1.api.amazonwebservices.com.cn",
    "dynamodb.eusc-de-east-1.amazonaws.eu",
    "dynamodb.eusc-de-east-1.api.amazonwebservices.eu",
    "dynamodb.us-iso-east-1.c2s.ic.gov",
    "dynamodb.us-isob-east-1.sc2s.sgov.gov",
    "dynamodb.eu-isoe-west-1.cloud.adc-e.uk",
    "dynamodb.us-isof-east-1.csp.hci.ic.gov",
]


@pytest.mark.parametrize("host", AWS_HOSTS)
def test_local_environment_never_talks_to_aws(host: str) -> None:
    """A host of AWS, in any of botocore's partitions, is refused for a local environment."""
    with pytest.raises(OsemError) as caught:
        at("local", endpoint=f"https://{host}")

    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code


@pytest.mark.parametrize("variable", [SERVICE, GLOBAL])
def test_variable_to_aws_is_refused_for_a_local_environment(variable: str) -> None:
    """The refusal names the variable that leads to AWS and how to be rid of it."""
    with pytest.raises(OsemError, match=f"{variable} leads to AWS") as caught:
        at("test", {variable: f"https://{AWS_HOSTS[0]}"})

    assert variable in caught.value.remediation


@pytest.mark.parametrize(
    "host", ["amazonaws.com.example.org", "notamazonaws.com", "dynamodb", "10.0.0.5"]
)
def test_other_hosts_are_taken_for_a_local_environment(host: str) -> None:
    """An engine on another machine is a local environment's own business."""
    assert f"http://{host}:8000" == at("local", endpoint=f"http://{host}:8000").endpoint


@pytest.mark.parametrize(
    "options, value",
    [
        pytest.param({"recorded": ENGINE}, ENGINE, id="recorded"),
        pytest.param({"recorded": ENGINE}, f"{ENGINE}/", id="recorded-with-slash"),
        pytest.param({"recorded": ENGINE}, "http://localhost:8000", id="recorded-by-name"),
        pytest.param({"started": ENGINE}, ENGINE, id="started-in-this-command-line"),
    ],
)
def test_aws_environment_never_talks_to_the_engine_by_accident(
    options: dict[str, str], value: str
) -> None:
    """A variable that leads an AWS environment to the local engine is refused, and named."""
    with pytest.raises(OsemError) as caught:
        at("dev", {GLOBAL: value}, **options)

    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code
    assert f"unset {GLOBAL}" in caught.value.remediation


SET = TableSet((table("Users", "userId S"),))
DEV_TAGS = (("Application", "osem-ladders"), ("Environment", "dev"))
PROD_TAGS = (("Application", "osem-ladders"), ("Environment", "prod"))


@pytest.mark.parametrize(
    "name, options, tags, protection",
    [
        pytest.param("dev", {}, DEV_TAGS, None, id="dev"),
        pytest.param("prod", {}, PROD_TAGS, True, id="prod-is-protected"),
        pytest.param("prod", {"endpoint": ENGINE}, PROD_TAGS, None, id="prod-on-the-engine-is-not"),
    ],
)
def test_tables_as_the_target_holds_them(
    name: str, options: dict[str, Any], tags: tuple[tuple[str, str], ...], protection: bool | None
) -> None:
    """``tables_of`` gives names and tags of the environment, and its protection only on AWS."""
    placed = at(name, **options).tables_of(SET)[f"osem-{name}-Users"]

    assert (tags, protection, protection) == (
        placed.tags,
        placed.deletion_protection,
        placed.point_in_time_recovery,
    )


def test_local_environment_may_declare_protection() -> None:
    """Protection declared for a local environment itself is kept."""
    guarded = Environment(name="local", where="local", deletion_protection=True)
    placed = resolve(guarded, TargetOptions(), {}).tables_of(SET)

    assert [table.deletion_protection for table in placed] == [True]


def test_profile_is_carried_along() -> None:
    """``--profile`` reaches the target as it is."""
    assert at("dev", profile="team").profile == "team"


@pytest.mark.parametrize(
    "name, chosen_by, started, local",
    [
        pytest.param("dev", "NODE_ENV", OTHER, True, id="node-env-after-local.up"),
        pytest.param("prod", "NODE_ENV", OTHER, True, id="node-env-production-after-local.up"),
        pytest.param("staging", "OSEM_ENV", OTHER, True, id="osem-env-after-local.up"),
        pytest.param("dev", "", OTHER, True, id="a-default-on-aws-after-local.up"),
        pytest.param("dev", "--env", OTHER, False, id="option-after-local.up"),
        pytest.param("dev", "NODE_ENV", None, False, id="node-env-alone"),
        pytest.param("dev", "OSEM_ENV", None, False, id="osem-env-alone"),
        pytest.param("local", "", OTHER, True, id="default"),
    ],
)
def test_after_local_up_only_an_option_leads_to_aws(
    name: str, chosen_by: str, started: str | None, local: bool
) -> None:
    """A variable chooses names and tags; the engine that was just started is used with them."""
    target = at(name, chosen_by=chosen_by, started=started)

    assert (target.local, target.prefix) == (local, f"osem-{name}-")
    assert target.endpoint == (OTHER if local else None)


def test_an_option_that_leads_past_the_started_engine_warns() -> None:
    """The warning names the engine, and how to use it."""
    (warning,) = at("dev", chosen_by="--env", started=OTHER).warnings

    assert OTHER in warning
    assert f"--endpoint {OTHER}" in warning
    assert "--env dev" in warning


def test_a_later_command_finds_the_engine_that_a_variable_was_led_to() -> None:
    """``--env dev`` alone would go to AWS."""
    target = at("dev", chosen_by="NODE_ENV", started=OTHER, recorded=OTHER)

    assert target.command("db.verify") == f"inv db.verify --env dev --endpoint {OTHER}"


def test_a_later_command_ignores_configured_endpoints_too() -> None:
    """A variable that is set for one command only would be lost with it."""
    target = at("dev", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"})

    assert target.command("db.verify") == (
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true inv db.verify --env dev"
    )


@pytest.mark.parametrize(
    "chosen_by, words",
    [
        ("--env", "environment dev (by --env)"),
        ("OSEM_ENV", "environment dev (by OSEM_ENV)"),
        ("NODE_ENV", "environment dev (by NODE_ENV)"),
        ("", "environment dev"),
    ],
)
def test_an_environment_is_described_with_what_chose_it(chosen_by: str, words: str) -> None:
    """A default needs no words."""
    assert at("dev", chosen_by=chosen_by).described == words


@pytest.mark.parametrize(
    "found, endpoint, source, diverted_by",
    [
        pytest.param(("https://dynamodb.eu-west-1.amazonaws.com", ""), None, "AWS", None, id="aws"),
        pytest.param(
            ("https://v.dynamodb.eu-west-1.vpce.amazonaws.com", "AWS_ENDPOINT_URL"),
            "https://v.dynamodb.eu-west-1.vpce.amazonaws.com",
            "AWS_ENDPOINT_URL",
            None,
            id="aws-by-a-variable",
        ),
        pytest.param((OTHER, "a profile"), OTHER, "a profile", "a profile", id="elsewhere"),
        pytest.param(
            (OTHER, ""), OTHER, "the AWS configuration", "the AWS configuration", id="unknown"
        ),
        pytest.param(("https://b:1", "--endpoint"), "https://b:1", "--endpoint", None, id="option"),
    ],
)
def test_the_client_has_the_last_word(
    found: tuple[str, str], endpoint: str | None, source: str, diverted_by: str | None
) -> None:
    """Whatever the variables promised, the real endpoint is judged."""
    url, by = found
    target = at("dev", {GLOBAL: "https://c:1"})

    actual = target.led_to(SdkEndpoint(service="dynamodb", url=url, by=by))

    assert (actual.endpoint, actual.source, actual.diverted_by) == (endpoint, source, diverted_by)
