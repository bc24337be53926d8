"""Answers for botocore's clients, given before anything is sent: no network, no mocks.

A hook on the clients' own event answers each request, so that everything else is real:
the signing, the serializer, the parser and the retries of botocore.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.loaders import Loader
    from botocore.session import Session

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of the service: its code, its words, and the HTTP status."""

    code: str
    message: str = "its words"
    status: int = 400


@dataclass(frozen=True, slots=True)
class Raw:
    """A body as it is, for what is not DynamoDB's JSON."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


# What a request is answered by: content, a refusal, a body, or a failure on the way.
Answer = Json | Refusal | Raw | Exception


class _Body(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> list[bytes]:
        """All of it at once."""
        return [self.read()]


@dataclass
class CannedAws:
    """Answers every request by ``answer(operation, request)`` and keeps what was asked."""

    answer: Callable[[str, Json], Answer]
    server: str = "Server"
    calls: list[tuple[str, Json]] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        """The operations that were called, in order."""
        return [operation for operation, _ in self.calls]

    def listen(self, session: Session) -> None:
        """Answer for every client that ``session`` makes from now on."""
        # Reading DynamoDB's service model takes longer than the test: it is read once.
        session.register_component("data_loader", _loader())
        events: Any = session.get_component("event_emitter")
        events.register("before-send.*.*", self._answer)

    def _answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        body = json.loads(request.body) if request.headers.get("X-Amz-Target") else {}
        self.calls.append((operation, body))
        found = self.answer(operation, body)
        if isinstance(found, Exception):
            raise found
        headers = {"server": self.server, "x-amzn-RequestId": "request-1"}
        if isinstance(found, Raw):
            return _response(request.url, found.status, {**headers, **found.headers}, found.body)
        if isinstance(found, Refusal):
            content: Json = {"__type": f"com.amazonaws#{found.code}", "message": found.message}
            return _response(request.url, found.status, headers, json.dumps(content).encode())
        return _response(request.url, 200, headers, json.dumps(found).encode())


@cache
def _loader() -> Loader:
    loader: Loader = create_loader()
    return loader


def _response(url: str, status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
    shaped: Any = headers
    return AWSResponse(url, status, shaped, _Body(body))


def answers(**by_operation: Answer) -> Callable[[str, Json], Answer]:
    """The same answer to each call of an operation; another call is a failed test."""

    def answer(operation: str, request: Json) -> Answer:
        assert operation in by_operation, f"{operation} was called: {request}"
        return by_operation[operation]

    return answer
