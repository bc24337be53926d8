"""The redactor: what it knows is never shown, in no spelling; what it must not touch stays."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config import secrets
from osem_tasks.config.secrets import MASK, PART, Redactor, redact, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJHMEUCIQDr/x+y==" * 8
ALPHABET = string.ascii_letters + string.digits + "/+="


def redactor(*known: str) -> Redactor:
    """One that knows these."""
    made = Redactor()
    made.learn(*known)
    return made


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(SECRET, id="whole"),
        pytest.param(f"{SECRET}\n", id="with a line break at its end"),
        pytest.param(repr(f"{SECRET}\n".encode()), id="as bytes"),
        pytest.param(f"{SECRET[:20]}\n      {SECRET[20:]}", id="over two lines"),
        pytest.param(f"{SECRET[:20]}\\n{SECRET[20:]}", id="over two escaped lines"),
        pytest.param("\r\n".join(SECRET), id="a letter a line"),
        pytest.param(quote(SECRET, safe=""), id="URL-encoded"),
        pytest.param(quote(SECRET, safe="").replace("%2F", "%2f"), id="URL-encoded, small"),
        pytest.param(SECRET.replace("/", "\\/"), id="with escaped slashes"),
        pytest.param(SECRET[:PART], id="its beginning"),
        pytest.param(SECRET[-PART:], id="its end"),
        pytest.param(f"x{SECRET[5:20]}y", id="a part among letters"),
        pytest.param(SECRET * 2, id="twice"),
    ],
)
def test_a_known_secret_is_masked(told: str) -> None:
    """Whole, in parts, encoded, broken over lines: nothing but the mask is left of it."""
    text = redactor(SECRET).redact(f"It was: {told} (so it was)")

    assert text.startswith("It was: ")
    assert text.endswith(" (so it was)")
    assert MASK in text
    assert not any(SECRET[at : at + PART] in text for at in range(len(SECRET) - PART + 1))


@given(
    known=st.lists(st.text(ALPHABET, min_size=20, max_size=60), min_size=1, max_size=3),
    data=st.data(),
)
def test_no_part_of_a_secret_passes(known: list[str], data: st.DataObject) -> None:
    """Whatever stands around it, and wherever a part begins: PART of its letters never pass."""
    secret = data.draw(st.sampled_from(known))
    begin = data.draw(st.integers(0, len(secret) - PART))
    end = data.draw(st.integers(begin + PART, len(secret)))
    before, after = data.draw(st.text(max_size=20)), data.draw(st.text(max_size=20))

    text = redactor(*known).redact(f"{before} {secret[begin:end]} {after}")

    parts = {one[at : at + PART] for one in known for at in range(len(one) - PART + 1)}
    assert not [part for part in parts if part in text and not part.isdigit()]


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "://",
        "a://b@",
        "password",
        "password ",
        "authorization:",
        "##a",
        "\n ",
        "\\n",
        "aws_",
    ],
)
def test_a_long_text_is_no_attack(piece: str) -> None:
    """The time grows with the length and no faster: otherwise this would not end."""
    assert redactor(SECRET).redact(piece * 100_000)


@given(st.text())
def test_to_redact_again_changes_nothing(text: str) -> None:
    """A text may pass the redactor on its way more than once."""
    once = redactor(SECRET, TOKEN).redact(text)

    assert redactor(SECRET, TOKEN).redact(once) == once


@given(st.text(string.ascii_letters + " .,-\n", max_size=60))
def test_a_text_without_a_secret_is_left_alone(text: str) -> None:
    """Nothing but secrets is masked."""
    assert redactor(SECRET).redact(text) == text


@pytest.mark.parametrize(
    "text, left",
    [
        ("http://user:pw@host:8000/x", f"http://{MASK}@host:8000/x"),
        ("at tcp://u:p@127.0.0.1:1: refused", f"at tcp://{MASK}@127.0.0.1:1: refused"),
        ("'https://user@host'", f"'https://{MASK}@host'"),
        ("http://u:p@ss/w@rd@host", f"http://{MASK}@host"),
        ("http:\\\\u:p@host", f"http://{MASK}@host"),
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: {MASK}"),
        ("{'authorization': b'Bearer abc.def'}", f"{{'authorization': b'{MASK}'}}"),
        (
            "AWS4-HMAC-SHA256 Credential=AKIA/1/x, SignedHeaders=host, Signature=0123456789abcdef",
            f"AWS4-HMAC-SHA256 Credential=AKIA/1/x, SignedHeaders=host, Signature={MASK}",
        ),
        ("x-amz-security-token:abc\nhost:x", f"x-amz-security-token:{MASK}\nhost:x"),
        ("?X-Amz-Security-Token=abc&X-Amz-Date=1", f"?X-Amz-Security-Token={MASK}&X-Amz-Date=1"),
        ("<SecretAccessKey>abc</SecretAccessKey>", f"<SecretAccessKey>{MASK}</SecretAccessKey>"),
        ('{"sessionToken": "abc"}', f'{{"sessionToken": "{MASK}"}}'),
        ("aws_secret_access_key abc", f"aws_secret_access_key {MASK}"),
        ("aws_session_token = abc", f"aws_session_token = {MASK}"),
        (
            "no match. The Canonical String for this request should have been\n'POST\nx:abc'",
            f"no match. The Canonical String for this request should have been {MASK}",
        ),
        ("CanonicalRequest:\nPOST\nabc", f"CanonicalRequest: {MASK}"),
    ],
)
def test_a_secret_that_nobody_knows_is_found_by_its_form(text: str, left: str) -> None:
    """URLs, headers, files, answers and signed requests have places where secrets stand."""
    assert Redactor().redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "export AWS_SECRET_ACCESS_KEY=osemlocal",
        "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_DYNAMODB",
        "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or: aws configure",
        "arn:aws:sts::123456789012:assumed-role/Admin/me@example.com",
        "amazon/dynamodb-local:3.3.1@sha256:0123456789abcdef",
        "http://127.0.0.1:8000 and me@example.com",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    """Dummy keys, key ids, ARNs, images and the names of variables are of use to a reader."""
    assert redactor("osemlocal", SECRET).redact(text) == text


def test_an_account_number_is_no_part_of_a_secret() -> None:
    """Eight digits in a row are a date or an account before they are a secret."""
    known = redactor("KEY0123456789abcdefghijklmnop")

    assert known.redact("account 123456789012") == "account 123456789012"


def test_the_shell_s_own_secrets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message before any session is made quotes the shell's keys no more than a later one."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)

    assert redact(f"cannot use {TOKEN}.") == f"cannot use {MASK}."


def test_a_document_is_redacted_in_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts in lists and mappings, and the names of members; what is no text stays as it is."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    document = {"a": [SECRET, 1, None, (SECRET,)], SECRET: {"b": True, "c": 1.5}}

    left = {"a": [MASK, 1, None, [MASK]], MASK: {"b": True, "c": 1.5}}
    assert secrets.redact_all(document) == left


@pytest.mark.parametrize(
    "url, shown",
    [
        ("http://user:pw@host", "http://***@host"),
        ("user:pw@host:8000", "***@host:8000"),
        ("http://a:b@c:d@host", "http://***@host"),
        ("http://host:8000/x", "http://host:8000/x"),
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
    ],
)
def test_a_url_is_shown_without_a_password(url: str, shown: str) -> None:
    """Also where it is no valid URL: a message about it quotes it."""
    assert without_userinfo(url) == shown


@pytest.mark.parametrize("show", [repr, str, "{}".format], ids=["repr", "str", "format"])
def test_variables_hide_their_values(show: Callable[[object], str]) -> None:
    """A traceback with locals shows the names of variables alone."""
    assert SECRET not in show(secrets.Variables(KEY=SECRET))
    assert "KEY" in show(secrets.Variables(KEY=SECRET))
