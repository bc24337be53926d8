"""Find and read exports: what ``db.dump`` wrote, or ExportTableToPointInTime and a sync from S3.

Their files are claims: what they say is checked, and a refusal names the file and what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.data import folders
from osem_tasks.data.layout import (
    DATA,
    FILES,
    FORMAT,
    FULL,
    SUMMARY,
    DataFile,
    Export,
    file_name,
    md5_of,
)
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

# An export of a table of 100 TB has about 100,000 data files.
MAX_MANIFEST = 64 * 1024 * 1024
# DIR/Table/AWSDynamoDB/<id>, and some folders of a prefix in S3 above it.
_DEPTH = 6
_AGAIN = "Copy the folder again from where it was written, or dump the table again."


def find(folder: Path) -> list[Path]:
    """Return the folders at and below ``folder`` that hold a complete export, sorted.

    Links are not followed. Raises OsemError if ``folder`` cannot be read, and if there is none.
    """
    with folders.reading(folder):
        os.listdir(folder)  # noqa: PTH208  says why the folder cannot be read
    found, unfinished = [], []
    for path, below, names in os.walk(folder):
        here = Path(path)
        if SUMMARY in names:
            found.append(here)
        elif DATA in below:
            unfinished.append(here)
        if SUMMARY in names or len(here.relative_to(folder).parts) >= _DEPTH:
            below.clear()
        below.sort()
    if not found:
        raise _nothing(folder, unfinished)
    return sorted(found)


def _nothing(folder: Path, unfinished: list[Path]) -> OsemError:
    if unfinished:
        message = f"The dump in {unfinished[0]} is not complete: it has no {SUMMARY}."
        remedy = "Run the db.dump that began it again: it continues."
    else:
        message = f"{folder} holds no export: no {SUMMARY} is in it or in a folder below."
        remedy = "Name the folder that db.dump wrote, or a folder synced from S3: --input DIR"
    return OsemError(message, code=ErrorCode.INVALID_CONFIGURATION, remediation=remedy)


def read(folder: Path) -> Export:
    """Return the export in ``folder``, checked but for its data files. Raises OsemError."""
    path = folder / SUMMARY
    summary = _object(path, _manifest(path))
    if summary.get("outputFormat", FORMAT) != FORMAT:
        raise _refusal(
            path,
            f"is in the format {summary['outputFormat']!r}; only {FORMAT} is read",
            f"Export the table again with --export-format {FORMAT}.",
        )
    if summary.get("exportType", FULL) != FULL:
        raise _refusal(
            path,
            "belongs to an incremental export, which holds changes and not the table",
            f"Export the table again with --export-type {FULL}.",
        )
    own = _member(path, summary, "osem", dict, {})
    arn = _member(path, summary, "tableArn", str)
    files = tuple(_files(folder))
    items = _member(path, summary, "itemCount", int)
    if items != sum(file.items for file in files):
        raise _refusal(path, f"says {items:,} items, but {FILES} says otherwise")
    return Export(
        folder=folder,
        id=folder.name,
        table=arn.partition(":table/")[2].partition("/")[0],
        items=items,
        exported=_member(path, summary, "exportTime", str, ""),
        files=files,
        declared=_member(path, own, "table", str, ""),
        environment=_member(path, own, "environment", str, ""),
        masked=_member(path, own, "masked", dict, {}),
    )


def check(export: Export) -> None:
    """Raise OsemError unless every data file is as the manifest says, byte for byte."""
    for file in export.files:
        _check_data(export, file)


def _check_data(export: Export, file: DataFile) -> None:
    path = export.path(file)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise _refusal(path, "is no plain file")
    if not path.exists():
        raise _refusal(path, f"is missing, though {FILES} names it")
    if file.md5 and base64.b64encode(md5_of(path)).decode() != file.md5:
        raise _refusal(path, f"is not as it was written: its MD5 is not that of {FILES}")


def _files(folder: Path) -> Iterator[DataFile]:
    path = folder / FILES
    names = set()
    for number, line in enumerate(_manifest(path).splitlines(), start=1):
        if not line.strip():
            continue
        entry = _object(path, line, number)
        key = _member(path, entry, "dataFileS3Key", str)
        name = file_name(key)
        if not name or name in names:
            raise _refusal(path, f"names no data file of this export in line {number}: {key!r}")
        names.add(name)
        items = _member(path, entry, "itemCount", int)
        md5 = _member(path, entry, "md5Checksum", str, "")
        if items < 0 or not _is_md5(md5):
            raise _refusal(path, f"has a wrong count or checksum in line {number}")
        yield DataFile(name, items, md5)


def _is_md5(text: str) -> bool:
    try:
        return (
            not text
            or len(base64.b64decode(text, validate=True))
            == hashlib.md5(usedforsecurity=False).digest_size
        )
    except (binascii.Error, ValueError):
        return False


def _manifest(path: Path) -> bytes:
    """Return the content of a manifest that fits its checksum, if it has one."""
    with folders.reading(path), path.open("rb") as stream:
        content = stream.read(MAX_MANIFEST + 1)
    if len(content) > MAX_MANIFEST:
        raise _refusal(path, f"is longer than {MAX_MANIFEST:,} bytes")
    found = hashlib.md5(content, usedforsecurity=False).digest()
    # AWS's page names .checksum, its exports have .md5.
    for ending in (".checksum", ".md5"):
        with contextlib.suppress(FileNotFoundError):
            told = path.with_suffix(ending).read_bytes()[:100].strip()
            if told not in {base64.b64encode(found), found.hex().encode()}:
                raise _refusal(path, f"does not fit its checksum in {path.stem}{ending}")
    return content


def _object(path: Path, text: bytes, line: int = 0) -> dict[str, Any]:
    where = f" in line {line}" if line else ""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(path, f"is no JSON{where}") from error
    if not isinstance(found, dict):
        raise _refusal(path, f"has no JSON object{where}")
    return found


def _member(path: Path, found: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    value = found.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _refusal(path, f"has no usable {name}")
    return value


def _refusal(path: Path, what: str, remedy: str = _AGAIN) -> OsemError:
    return OsemError(f"{path} {what}.", code=ErrorCode.INVALID_CONFIGURATION, remediation=remedy)
