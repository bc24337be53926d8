"""What must never be shown: the one redactor that every text passes before it is written.

It knows the credentials in use, because whoever makes a session registers them here, and
those of the shell. It finds them whole, in parts, URL-encoded and broken over lines. What it
cannot know it finds by its form: user names and passwords in URLs, Authorization headers,
session tokens, canonical requests.
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
# A secret is found by its parts of this length. Shorter ones are words such as "test".
PART = 8
VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
# A line break inside a secret, as it is or as ``repr`` and JSON write it.
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
    # What AWS says that it signed, which holds the token.
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
    """Knows secrets, and takes them out of texts.

    ``parts`` are the pieces of PART characters of every known secret.
    """

    parts: set[str] = field(default_factory=set, repr=False)
    _known: set[str | None] = field(default_factory=lambda: {None, "", SECRET_KEY}, repr=False)

    def learn(self, *values: str | None) -> None:
        """Register secrets; None, and what is shorter than PART, are passed over."""
        for value in values:
            if value in self._known:
                continue
            self._known.add(value)
            for form in _spellings(str(value)):
                self.parts |= {form[start : start + PART] for start in range(len(form) - PART + 1)}

    def redact(self, text: str) -> str:
        """``text`` with ``***`` in place of every secret and every part of one."""
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
            # Digits alone are an account or a date before they are a part of a secret.
            if joined[begin : last + 1].isdigit():
                continue
            kept += [text[end : places[begin]], MASK]
            end = places[last] + 1
        return "".join(kept) + text[end:]

    def _found(self, joined: str) -> Iterator[tuple[int, int]]:
        """The first and last character of every run that known parts cover."""
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
    """A word of a text without the password of a URL in it, which may hold any character."""
    begin, mark, rest = word[0].replace(":\\\\", "://").partition("://")
    if "@" not in rest:
        return word[0]
    return f"{begin}{mark}{MASK}@{rest.rpartition('@')[2]}"


def _spellings(secret: str) -> set[str]:
    """The ways in which a secret is written: as it is, URL-encoded, with escaped slashes."""
    plain = "".join(secret.split())
    encoded = quote(plain, safe="")
    lower = re.sub("%..", lambda code: code[0].lower(), encoded)
    return {plain, encoded, lower, quote(plain), plain.replace("/", "\\/")}


class Variables(dict[str, str]):
    """Variables of a shell, whose values no traceback with locals shows (``--showlocals``)."""

    def __repr__(self) -> str:
        """The names alone."""
        return f"<variables {', '.join(self)}>"


def shell() -> Variables:
    """The variables of this process as they are now."""
    return Variables(os.environ)


# The secrets of this process: a command line may have several sessions, one after another.
_process = Redactor()


def learn(*values: str | None) -> None:
    """Register secrets that this process uses."""
    _process.learn(*values)


def redact(text: str) -> str:
    """``text`` without secrets: those that were registered, those of the shell, and others."""
    _process.learn(*map(os.environ.get, VARIABLES))
    return _process.redact(text)


def redact_all(value: Any) -> Any:
    """A JSON value with every text in it redacted, names of members too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_all(key): redact_all(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_all(item) for item in value]
    return value


def without_userinfo(url: str) -> str:
    """``url`` without a user name and password, also where it is no valid URL."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{MASK}@{rest.rpartition('@')[2]}" if "@" in rest else url


def learn_password(url: str) -> None:
    """Register the password of ``url``, which a library may quote without the URL."""
    userinfo = url.rpartition("://")[2].rpartition("@")[0]
    learn(userinfo.partition(":")[2])
