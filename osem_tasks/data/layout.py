"""The layout of AWS's export to S3: what a dump writes, and what a load reads.

    AWSDynamoDB/<id>/manifest-summary.json      one JSON object; written last
    AWSDynamoDB/<id>/manifest-summary.checksum  its MD5 in base64
    AWSDynamoDB/<id>/manifest-files.json        one JSON object a line, for each data file
    AWSDynamoDB/<id>/manifest-files.checksum
    AWSDynamoDB/<id>/data/*.json.gz             one item a line: {"Item": {...}}

Members and their meaning are those of "DynamoDB table export output format" in AWS's developer
guide. What only a dump knows is in the member ``osem`` of the summary, which AWS does not read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

from osem_tasks.data import folders

ROOT = "AWSDynamoDB"
SUMMARY, FILES, DATA = "manifest-summary.json", "manifest-files.json", "data"
VERSION, FORMAT, FULL = "2020-06-30", "DYNAMODB_JSON", "FULL_EXPORT"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file: its name in ``data/``, the number of its items, and its MD5 in base64.

    ``md5`` is empty if a manifest does not tell it.
    """

    name: str
    items: int
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A complete export of one table in ``folder``.

    ``table`` is the table's real name, ``declared`` its declared one where a dump has written the
    export (else empty), ``exported`` the time for which the items stand (ISO 8601), ``masked`` the
    rules by attribute path by which values were masked.
    """

    folder: Path
    id: str
    table: str
    items: int
    exported: str
    files: tuple[DataFile, ...]
    declared: str = ""
    environment: str = ""
    masked: dict[str, str] = field(default_factory=dict)

    def path(self, file: DataFile) -> Path:
        """Return the path of a data file."""
        return self.folder / DATA / file.name


def new_id(now: datetime) -> str:
    """Return an id of an export in AWS's form: milliseconds and eight random digits."""
    return f"{int(now.timestamp() * 1000):014d}-{secrets.token_hex(4)}"


def time_text(moment: datetime) -> str:
    """Return a time as AWS's manifests have it: ``2020-11-04T07:28:34.028Z``."""
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def data_file(path: Path, items: int) -> DataFile:
    """Return the entry of a data file that is complete. Raises OsemError."""
    return DataFile(path.name, items, base64.b64encode(md5_of(path)).decode())


def md5_of(path: Path) -> bytes:
    """Return the MD5 of a file, which the format prescribes. Raises OsemError."""
    found = hashlib.md5(usedforsecurity=False)
    with folders.reading(path), path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            found.update(piece)
    return found.digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the summary of a dump says about its table; times are UTC."""

    id: str
    table_arn: str
    table_id: str
    started: datetime
    ended: datetime
    size: int
    own: dict[str, Any]


def write(folder: Path, facts: Facts, files: list[DataFile]) -> None:
    """Write the manifests of an export, the summary last: with it, the export is complete.

    Raises OsemError.
    """
    key = f"{ROOT}/{facts.id}"
    lines = [
        json.dumps(
            {
                "itemCount": file.items,
                "md5Checksum": file.md5,
                "etag": base64.b64decode(file.md5).hex(),
                "dataFileS3Key": f"{key}/{DATA}/{file.name}",
            }
        )
        for file in files
    ]
    _write(folder / FILES, "".join(f"{line}\n" for line in lines).encode())
    summary = _summary(facts, sum(file.items for file in files))
    _write(folder / SUMMARY, json.dumps(summary, ensure_ascii=False).encode())


def _summary(facts: Facts, items: int) -> dict[str, Any]:
    return {
        "version": VERSION,
        "exportArn": f"{facts.table_arn}/export/{facts.id}",
        "startTime": time_text(facts.started),
        "endTime": time_text(facts.ended),
        "tableArn": facts.table_arn,
        "tableId": facts.table_id,
        "exportTime": time_text(facts.started),
        "s3Bucket": None,
        "s3Prefix": None,
        "s3SseAlgorithm": None,
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"{ROOT}/{facts.id}/{FILES}",
        "billedSizeBytes": facts.size,
        "itemCount": items,
        "outputFormat": FORMAT,
        "exportType": FULL,
        "osem": facts.own,
    }


def _write(path: Path, content: bytes) -> None:
    """Write a manifest with its checksum, which comes first: a manifest that is there has one."""
    found = hashlib.md5(content, usedforsecurity=False).digest()
    folders.replace(path.with_suffix(".checksum"), base64.b64encode(found))
    folders.replace(path, content)


def file_name(key: str) -> str:
    """Return the name of a data file from its key in S3; empty if the key is none of ours.

    Only the last part counts: a key leads to no other folder.
    """
    path = PurePosixPath(key)
    plain = "\\" not in key and ":" not in path.name and path.name not in {"", ".", ".."}
    return path.name if plain and path.parent.name == DATA else ""
