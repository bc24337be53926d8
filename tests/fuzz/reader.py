"""The reader of declarations under mutated inputs."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.load import load
from osem_tasks.errors import ConfigurationError, ErrorCode, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEEDS = Path(__file__).parent / "seeds"
# Seconds that no input may take; the slowest known takes a fraction of one.
LONGEST = 20
CONTEXT = Context(parameters={"Stage": "dev"}, region="us-east-1")
# What Python says to a programmer and no user understands.
PYTHON = re.compile(
    r"object (has no|is not|does not)|indices must|unhashable|unpack|NoneType|codec|Traceback"
)
_TOKENS = (
    *(b"Ref Fn::Sub Fn::If Fn::Join Fn::ForEach::X Fn::FindInMap Fn::Split Fn::Select".split()),
    *(b"Fn::GetAtt Fn::Length Fn::Transform Condition Fn::Not AWS::NoValue AWS::StackName".split()),
    *(b"HASH RANGE true false null 0 -1 1e999 99999999999999999999 [] {} '' !Ref !Sub".split()),
    *(b"${self:a} ${opt:stage} ${AWS::Region} ${a.b} ${!x} ${ &a *a <<: --- ... ? | > %".split()),
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x00",
    b"\t",
    b"\r\n",
)


class HangError(Exception):
    """Reading took longer than any input may."""


def read(name: str, content: bytes) -> None:
    """Load a file; anything but tables or a refusal in words is an exception."""
    with tempfile.TemporaryDirectory() as folder, _limited():
        (Path(folder) / name).write_bytes(content)
        try:
            load(name, Path(folder), CONTEXT)
        except (ConfigurationError, ModelError) as error:
            refused: ConfigurationError | ModelError = error
        else:
            return
    assert refused.code is ErrorCode.INVALID_CONFIGURATION
    words = re.sub(r"'[^']*'|\"[^\"]*\"", "", refused.message)
    assert not PYTHON.search(words), refused.message


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Mutator:
    """Makes inputs from the seeds, the same ones for the same number."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seeds = [(path.name, path.read_bytes()) for path in sorted(SEEDS.iterdir())]

    def next(self) -> tuple[str, bytes]:
        """Return the name and the content of another input."""
        name, content = self._random.choice(self._seeds)
        for _ in range(self._random.randint(1, 6)):
            content = self._random.choice(self._mutations())(content)
        return name.removeprefix("found-"), content[:50_000]

    def _mutations(self) -> list[Callable[[bytes], bytes]]:
        return [self._bytes, self._token, self._removed, self._repeated, self._lines, self._crossed]

    def _cut(self, content: bytes) -> tuple[int, int]:
        start = self._random.randint(0, len(content))
        return start, min(len(content), start + self._random.randint(0, 40))

    def _bytes(self, content: bytes) -> bytes:
        start, end = self._cut(content)
        return content[:start] + self._random.randbytes(self._random.randint(1, 4)) + content[end:]

    def _token(self, content: bytes) -> bytes:
        """Replace a word, or insert one."""
        words = list(re.finditer(rb"[\w:$.-]+", content))
        token = self._random.choice(_TOKENS)
        if not words or self._random.random() < 0.2:
            start, _ = self._cut(content)
            return content[:start] + token + content[start:]
        word = self._random.choice(words)
        return content[: word.start()] + token + content[word.end() :]

    def _removed(self, content: bytes) -> bytes:
        start, end = self._cut(content)
        return content[:start] + content[end:]

    def _repeated(self, content: bytes) -> bytes:
        start, end = self._cut(content)
        return content[:end] + content[start:end] * self._random.choice((1, 2, 300)) + content[end:]

    def _lines(self, content: bytes) -> bytes:
        """Move a line, or indent it differently."""
        lines = content.splitlines(keepends=True)
        if not lines:
            return content
        line = lines.pop(self._random.randrange(len(lines)))
        changed = self._random.choice((line, b"  " + line, line.lstrip(), line * 2))
        lines.insert(self._random.randint(0, len(lines)), changed)
        return b"".join(lines)

    def _crossed(self, content: bytes) -> bytes:
        """Put a piece of another seed into this one."""
        _, other = self._random.choice(self._seeds)
        start, end = self._cut(other)
        at, _ = self._cut(content)
        return content[:at] + other[start:end] + content[at:]
