"""Removes secrets from texts: every text passes this redactor before it is written.

It knows the shell's credentials and those of all sessions, which are registered here. It
finds them whole, in parts, URL-encoded and broken over lines. It recognizes unknown secrets
by their form: user names and passwords in URLs, Authorization headers, session tokens,
canonical requests.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osem_tasks.config.local_access import SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
# Parts of a secret with this length are redacted. Shorter ones may be words such as "test".
PART = 8
VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
# A line break inside a secret, either literal or as ``repr`` and JSON write it.
_GAP = re.compile(r"(?:\s|\\[nr])+")
_BREAKS = ("\n", "\r", "\\")
_DUMMY = re.escape(SECRET_KEY)
_NAMES = (
    "secret_?access_?key|secret_?key|session_?token|security[_-]?token|access_?token"
    "|refresh_?token|id_?token|client_?secret|authorization_?token|password|passwd"
)
_WORD = re.compile(r"\S+")
# Between a name and its value, in headers, JSON, XML and Python: ``: ``, ``=``, ``': b'``.
_IS = r"['\"]?\s*[:=>]\s*(?:b?['\"])?"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # The signed request in an AWS error, which contains the token.
    (
        re.compile(
            r"((?:The Canonical String|The String-to-Sign) [^\n:']*|CanonicalRequest:|StringToSign:)"
            r".*",
            re.DOTALL,
        ),
        rf"\1 {MASK}",
    ),
    (re.compile(rf"(\bSignature{_IS})[0-9a-f]{{8,}}", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(
            rf"(\bauthorization{_IS})(?!AWS4-)[^\s'\",]+(?:[ \t]+[^\s'\",;]+)?", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(rf"((?:{_NAMES}){_IS})(?!{_DUMMY}\b)[^\s'\"<&,}}]+", re.IGNORECASE),
        rf"\1{MASK}",
    ),
    # A line of a credentials file without its equals sign, as a parser quotes it.
    (
        re.compile(rf"(\baws_(?:{_NAMES})[ \t]+)(?!{_DUMMY}\b|[=:])[^\s'\"\\]+"),
        rf"\1{MASK}",
    ),
)


@dataclass(slots=True)
class Redactor:
    """Knows secrets and removes them from texts.

    ``parts`` are the pieces of PART characters of every known secret.
    """

    parts: set[str] = field(default_factory=set, repr=False)
    _known: set[str | None] = field(default_factory=lambda: {None, "", SECRET_KEY}, repr=False)

    def learn(self, *values: str | None) -> None:
        """Register secrets; ignore None and values shorter than PART."""
        for value in values:
            if value in self._known:
                continue
            self._known.add(value)
            for form in _spellings(str(value)):
                self.parts |= {form[start : start + PART] for start in range(len(form) - PART + 1)}

    def redact(self, text: str) -> str:
        """Return ``text`` with ``***`` instead of every secret and every part of one."""
        text = _WORD.sub(_without_password, text)
        for pattern, replacement in _FORMS:
            text = pattern.sub(replacement, text)
        return self._masked(text) if self.parts else text

    def _masked(self, text: str) -> str:
        breaks = [gap for gap in _GAP.finditer(text) if any(end in gap[0] for end in _BREAKS)]
        gaps = {place for gap in breaks for place in range(*gap.span())}
        places = [place for place in range(len(text)) if place not in gaps]
        joined = "".join(text[place] for place in places)
        kept: list[str] = []
        end = 0
        for begin, last in self._found(joined):
            # Digits alone are more likely an account or a date than a part of a secret.
            if joined[begin : last + 1].isdigit():
                continue
            kept += [text[end : places[begin]], MASK]
            end = places[last] + 1
        return "".join(kept) + text[end:]

    def _found(self, joined: str) -> Iterator[tuple[int, int]]:
        """Yield the first and last position of every run that known parts cover."""
        begin, last = -1, -1
        for start in range(len(joined) - PART + 1):
            if joined[start : start + PART] not in self.parts:
                continue
            if begin >= 0 and start > last + 1:
                yield begin, last
                begin = start
            begin = start if begin < 0 else begin
            last = start + PART - 1
        if begin >= 0:
            yield begin, last


def _without_password(word: re.Match[str]) -> str:
    """Remove the password of a URL in a word; the password may contain any character."""
    begin, mark, rest = word[0].replace(":\\\\", "://").partition("://")
    if "@" not in rest:
        return word[0]
    return f"{begin}{mark}{MASK}@{rest.rpartition('@')[2]}"


def _spellings(secret: str) -> set[str]:
    """Return the spellings of a secret: literal, URL-encoded, with escaped slashes."""
    plain = "".join(secret.split())
    encoded = quote(plain, safe="")
    lower = re.sub("%..", lambda code: code[0].lower(), encoded)
    return {plain, encoded, lower, quote(plain), plain.replace("/", "\\/")}


class Variables(dict[str, str]):
    """Shell variables whose values do not appear in a traceback (``--showlocals``)."""

    def __repr__(self) -> str:
        """Return only the names."""
        return f"<variables {', '.join(self)}>"


def shell() -> Variables:
    """Return the current variables of this process."""
    return Variables(os.environ)


# The secrets of this process, because one command line may use several sessions.
_process = Redactor()


def learn(*values: str | None) -> None:
    """Register secrets that this process uses."""
    _process.learn(*values)


def redact(text: str) -> str:
    """Return ``text`` without registered secrets, the shell's secrets, and recognizable ones."""
    _process.learn(*map(os.environ.get, VARIABLES))
    return _process.redact(text)


def redact_all(value: Any) -> Any:
    """Redact every string in a JSON value, including member names."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_all(key): redact_all(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_all(item) for item in value]
    return value


def without_userinfo(url: str) -> str:
    """Return ``url`` without user name and password, even if it is not a valid URL."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{MASK}@{rest.rpartition('@')[2]}" if "@" in rest else url


def learn_password(url: str) -> None:
    """Register the password of ``url``, because a library may quote it without the URL."""
    userinfo = url.rpartition("://")[2].rpartition("@")[0]
    learn(userinfo.partition(":")[2])
