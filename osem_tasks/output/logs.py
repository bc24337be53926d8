"""Remove secrets from the libraries' logs, which ``inv --debug`` and INVOKE_DEBUG show.

botocore logs canonical requests, headers and whole responses; Invoke logs every option.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARIES = re.compile(r"(boto3|botocore|docker|invoke|requests|urllib3)\b")


def guard() -> None:
    """Redact every record of these libraries before any handler gets it.

    A project's own records are not changed. Further calls have no effect.
    """
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _Guarded):
        logging.setLogRecordFactory(_Guarded(factory))


class _Guarded:
    """A record factory that redacts the records of LIBRARIES and puts them on one line."""

    def __init__(self, factory: Callable[..., logging.LogRecord]) -> None:
        self._factory = factory

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._factory(*args, **kwargs)
        if LIBRARIES.match(record.name):
            from osem_tasks.output.text import one_line

            record.msg, record.args = one_line(_message(record)), None
            if record.exc_info:
                # A traceback contains the text of the exception and of its causes.
                text = "".join(traceback.format_exception(*record.exc_info))
                record.exc_text, record.exc_info = one_line(text), None
        return record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # logging itself would report these
        return f"{record.msg} {record.args}"
