"""Values that stand for others: the same for the same key, and never the original. Pure.

All of them come from keyed hashes (HMAC-SHA256), so nobody without the key can tell what a value
was, or try candidates. Equal values get equal pseudonyms, in whatever table and attribute they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes of a hash: 128 bits keep a billion values apart.
_HASH_BYTES = 16
_ROUNDS = 8
# An integer with more digits has an exponent: DynamoDB keeps 38 digits.
MAX_DIGITS = 38
FIRST = (
    *("Alma", "Bela", "Cleo", "Dario", "Edda", "Fabio", "Gina", "Hanno", "Ilka", "Jarno", "Kira"),
    *("Levin", "Mara", "Nilo", "Orla", "Pavel", "Quinta", "Rico", "Selma", "Timo", "Ulla"),
    *(
        "Vasco",
        "Wanda",
        "Xenia",
        "Yara",
        "Zeno",
        "Anouk",
        "Bjarne",
        "Carla",
        "Dunja",
        "Emil",
        "Fenja",
    ),
)
LAST = (
    *("Abel", "Brandt", "Castro", "Duval", "Ekberg", "Farkas", "Galli", "Horn", "Ivers", "Janda"),
    *("Koval", "Lund", "Moreau", "Novak", "Oduya", "Petri", "Quist", "Rossi", "Sorel", "Tamm"),
    *("Ulrich", "Vidal", "Weiss", "Xander", "Yilmaz", "Zeman", "Adler", "Bauer", "Conti", "Dorn"),
    *("Egli", "Frey"),
)
WORDS = (
    *(
        "ader",
        "bolu",
        "cemi",
        "dorn",
        "elka",
        "fumo",
        "gari",
        "hela",
        "isto",
        "jura",
        "kemo",
        "lira",
    ),
    *(
        "mano",
        "nefa",
        "olde",
        "pira",
        "qued",
        "rosa",
        "silo",
        "tavi",
        "umbra",
        "veno",
        "wali",
        "xero",
    ),
    *("yota", "zine", "arbo", "bire", "cuno", "deli", "ento", "fola"),
)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms by one secret ``key``."""

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell two keys apart, and nothing of the key itself."""
        return self._digest("fingerprint", b"").hex()[:8]

    def text(self, value: str) -> str:
        """Return 32 hexadecimal digits for a text; the empty text stays empty."""
        return self._digest("S", _bytes(value))[:_HASH_BYTES].hex() if value else ""

    def binary(self, value: str) -> str:
        """Return 16 bytes for bytes, both as base64; no bytes stay none."""
        if not value:
            return ""
        digest = self._digest("B", base64.b64decode(value))
        return base64.b64encode(digest[:_HASH_BYTES]).decode()

    def number(self, value: str) -> str:
        """Return a number of the same length, sign and number of decimals.

        Two numbers that differ get pseudonyms that differ, so numbers in keys collide as little as
        texts do. No number is its own pseudonym.
        """
        number = Decimal(value)
        sign, digits, exponent = number.as_tuple()
        coefficient = int("".join(map(str, digits)))
        while coefficient and coefficient % 10 == 0:
            coefficient, exponent = coefficient // 10, int(exponent) + 1
        if not coefficient:
            sign, exponent = 0, 0
        exponent, length = int(exponent), len(str(coefficient))
        if 0 <= exponent <= MAX_DIGITS - length:
            whole = self._whole(coefficient * 10**exponent, negative=bool(sign))
            return f"{'-' * sign}{whole}"
        masked = self._significant(coefficient, f"{sign} {exponent}")
        # Not scaleb: its result would be rounded to the digits of the current context.
        return format(Decimal((sign, tuple(map(int, str(masked))), exponent)), "f")

    def name(self, value: str) -> str:
        """Return a first and a last name."""
        return self._other("name", value, lambda digest: _full_name(digest, " "))

    def email(self, value: str) -> str:
        """Return an address at example.com, where no mail arrives; two never agree."""

        def address(digest: bytes) -> str:
            return f"{_full_name(digest, '.').lower()}.{digest[8:16].hex()}@example.com"

        return self._other("email", value, address)

    def words(self, value: str) -> str:
        """Return words of the same length in characters."""

        def prose(digest: bytes) -> str:
            size = len(value)
            stream = hashlib.shake_128(digest).digest(size // 5 + 1)
            text = " ".join(WORDS[byte % len(WORDS)] for byte in stream)[:size]
            return f"{text[:-1]}a" if text.endswith(" ") else text

        return self._other("text", value, prose)

    def _other(self, kind: str, value: str, made: Callable[[bytes], str]) -> str:
        """Return the first pseudonym that is not the value itself; an empty one stays empty."""
        if not value:
            return ""
        encoded = _bytes(value)
        found = value
        attempt = 0
        while found == value:
            found = made(self._digest(f"{kind} {attempt}", encoded))
            attempt += 1
        return found

    def _whole(self, number: int, *, negative: bool) -> int:
        """Return another whole number with as many digits."""
        length = len(str(number))
        lowest = 10 ** (length - 1) if length > 1 or negative else 0
        size = 10**length - lowest
        return lowest + self._moved(number - lowest, size, f"whole {length} {negative}")

    def _significant(self, number: int, kind: str) -> int:
        """Return another number with as many digits; neither ends in 0."""
        tens, unit = divmod(number, 10)
        length = len(str(number))
        lowest = 10 ** (length - 2) if length > 1 else 0
        size = 9 * (10 ** (length - 1) - lowest if length > 1 else 1)
        moved = self._moved((tens - lowest) * 9 + unit - 1, size, f"digits {length} {kind}")
        tens, unit = divmod(moved, 9)
        return (tens + lowest) * 10 + unit + 1

    def _moved(self, number: int, size: int, kind: str) -> int:
        """Return another of the numbers below ``size``; no two go to the same one.

        The numbers stand in a circle, in an order that the key shuffles; each becomes its
        neighbour.
        """
        # BLAKE2 takes keys of 64 bytes at most.
        feistel = _Feistel(self._digest("numbers", b""), kind, size)
        return feistel.forth((feistel.back(number) + 1) % size)

    def _digest(self, kind: str, value: bytes) -> bytes:
        return hmac.digest(self.key, kind.encode() + b"\0" + value, "sha256")


@dataclass(frozen=True, slots=True)
class _Feistel:
    """A shuffle of the numbers below ``size``, by a Feistel network over two halves of bits.

    A result that is too large goes through the network again until it is small enough, which
    keeps the shuffle one to one.
    """

    key: bytes = field(repr=False)
    kind: str
    size: int

    @property
    def _bits(self) -> int:
        return max(1, math.ceil((self.size - 1).bit_length() / 2))

    def forth(self, number: int) -> int:
        """Return the place of ``number`` in the shuffled order."""
        return self._walked(number, range(_ROUNDS), back=False)

    def back(self, number: int) -> int:
        """Return the number whose place is ``number``."""
        return self._walked(number, range(_ROUNDS - 1, -1, -1), back=True)

    def _walked(self, number: int, rounds: range, *, back: bool) -> int:
        bits = self._bits
        mask = (1 << bits) - 1
        while True:
            left, right = number >> bits, number & mask
            for turn in rounds:
                if back:
                    left, right = right ^ (self._round(turn, left) & mask), left
                else:
                    left, right = right, left ^ (self._round(turn, right) & mask)
            number = left << bits | right
            if number < self.size:
                return number

    def _round(self, turn: int, half: int) -> int:
        # Keyed BLAKE2 is three times as fast as HMAC, and a number takes some twenty rounds.
        said = hashlib.blake2b(f"{self.kind} {turn} {half}".encode(), key=self.key)
        return int.from_bytes(said.digest(), "big")


def _full_name(digest: bytes, between: str) -> str:
    return f"{FIRST[digest[0] % len(FIRST)]}{between}{LAST[digest[1] % len(LAST)]}"


def _bytes(text: str) -> bytes:
    # JSON can hold halves of surrogate pairs, which are no UTF-8.
    return text.encode("utf-8", "surrogatepass")
