"""Where calls go: those that miss the place are told, with the cause, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.aws.watch import Place, Watch, missed
from tests.support.fake_engines import fake_dynamodb

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = "http://127.0.0.1:8000"
OWN = Place(ENDPOINT, "osemkey", "us-east-1")
AWS = "https://dynamodb.us-east-1.amazonaws.com/"
WORDS = st.text("abcdefgh0123456789", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "url, key, region, words",
    [
        pytest.param(f"{ENDPOINT}/", "osemkey", "us-east-1", "", id="right"),
        pytest.param("http://localhost:8000/", "osemkey", "us-east-1", "", id="by-another-name"),
        pytest.param("http://127.0.0.1:9000/", "testing", "us-east-1", "", id="another-server"),
        pytest.param("http://s3.local/", "testing", "us-east-1", "", id="another-service"),
        pytest.param(ENDPOINT, "testing", "us-east-1", "the code or a fixture sets one", id="key"),
        pytest.param(ENDPOINT, "FOOBARKEY", "us-east-1", "moto's mock_aws sets one", id="mock"),
        pytest.param(ENDPOINT, "", "", "another access key", id="unsigned"),
        pytest.param(
            ENDPOINT,
            "osemkey",
            "eu-west-1",
            "used region eu-west-1, and the test's database is in us-east-1: every region has tables of its own, so use that one",
            id="region",
        ),
        pytest.param(
            AWS, "osemkey", "us-east-1", "calls went to https://dynamodb.us-east", id="aws"
        ),
        pytest.param(
            AWS, "FOOBARKEY", "us-east-1", "(moto's mock_aws is active)", id="mock-of-aws"
        ),
    ],
)
def test_a_call_that_misses_the_place_is_told(url: str, key: str, region: str, words: str) -> None:
    """With its cause; calls that are none of our business are not judged."""
    text = missed(OWN, url, key, region)

    assert (words in text, bool(text)) == (True, bool(words))


def test_the_remedy_is_the_option_or_the_fixture() -> None:
    """A key that differs has two remedies, a call to AWS has one."""
    assert "--dynamodb-isolation prefix" in missed(OWN, ENDPOINT, "testing", "us-east-1")
    assert "use dynamodb_environ" in missed(OWN, AWS, "testing", "us-east-1")


@given(WORDS, WORDS, WORDS, WORDS)
def test_a_place_judges_what_separates_it(key: str, region: str, other: str, where: str) -> None:
    """A shared database takes any key; keys and regions count exactly where the place has them."""
    strict, shared = Place(ENDPOINT, key, region), Place(ENDPOINT)

    told = missed(strict, ENDPOINT, other, where)

    assert bool(told) is ((other, where) != (key, region))
    assert missed(shared, ENDPOINT, other, where) == ""


@pytest.fixture
def watch() -> Iterator[Watch]:
    """A watch that has begun."""
    watch = Watch()
    watch.begin()
    watch.begin()
    yield watch
    watch.end()


def call(endpoint: str, key: str) -> None:
    """A call by a session of its own, as an application makes it."""
    session = boto3.Session(key, "secret", region_name="us-east-1")
    client = session.client("dynamodb", endpoint_url=endpoint)
    client.list_tables()
    client.close()


def test_every_new_session_is_seen(watch: Watch) -> None:
    """Sessions of any origin, each call once, and only while there is a place."""
    with fake_dynamodb() as endpoint:
        call(endpoint, "testing")
        before = list(watch.strays)
        watch.place = Place(endpoint, "osemkey")
        call(endpoint, "osemkey")
        right = list(watch.strays)
        call(endpoint, "testing")
        call(endpoint, "testing")

    assert (before, right, len(watch.strays)) == ([], [], 1)


def test_after_its_end_nothing_is_seen() -> None:
    """A process may run pytest twice: no watch stays behind in botocore."""
    watch = Watch()
    watch.begin()
    watch.end()
    with fake_dynamodb() as endpoint:
        watch.place = Place(endpoint, "osemkey")
        call(endpoint, "testing")

    assert watch.strays == {}


def test_variables_are_judged_too(watch: Watch) -> None:
    """A process that a test starts inherits the key."""
    watch.place = OWN
    watch.check_variables({"AWS_ACCESS_KEY_ID": "osemkey"})
    right = list(watch.strays)
    watch.check_variables({"AWS_ACCESS_KEY_ID": "testing"})

    assert (right, len(watch.strays)) == ([], 1)


@pytest.mark.parametrize("key, stays", [("osemkey", True), ("testing", False)])
def test_a_default_session_with_other_keys_is_dropped(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, key: str, stays: bool
) -> None:
    """One test's keys do not reach the next test; the right ones cost no new session."""
    session = boto3.Session(key, "secret", region_name="us-east-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    watch.place = OWN

    watch.forget_other_keys()

    assert (boto3.DEFAULT_SESSION is session) is stays
