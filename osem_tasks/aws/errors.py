"""boto3's failures as ours: the one place that reads what botocore raises."""

from __future__ import annotations

import contextlib
import re
import traceback
from typing import TYPE_CHECKING, Any

from osem_tasks.aws.error_templates import (
    NO_ENGINE,
    OTHER_REFUSAL,
    OTHER_SDK_ERROR,
    PROTECTED,
    PROTECTION,
    REFUSALS,
    SDK_ERRORS,
    SERVER_FAULT,
    TOO_SOON,
    TRUNCATED,
    TTL_TOO_SOON,
    UNREADABLE,
    ErrorTemplate,
)
from osem_tasks.config import secrets
from osem_tasks.errors import OsemError
from osem_tasks.waiting.policy import AMBIGUOUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError

    from osem_tasks.config.target import Target


# What follows these words in a refusal of a signature is the request as AWS read it.
_SIGNED = re.compile("The Canonical String|The String-to-Sign|The canonical request")


def error_code(error: ClientError) -> str:
    """DynamoDB's own code of a refusal."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def translated(doing: str, target: Target, table: str | None = None) -> Iterator[None]:
    """Turn whatever botocore raises inside into an OsemError; ``doing`` names the step."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError:
        # Its text is the whole answer: keys too, where it is one of AssumeRole.
        raise truncated_response(doing, target, table) from None
    except ClientError as error:
        raise _refusal(error, doing, target, table) from error
    except BotoCoreError as error:
        raise _error(_sdk_template(error, target), str(error), doing, target, table) from error
    # Builtins that botocore lets through: a web identity token file that is missing is an
    # OSError, an endpoint without scheme a ValueError.
    except OSError as error:
        raise _error(UNREADABLE, str(error), doing, target, table) from error
    except ValueError as error:
        raise _error(OTHER_SDK_ERROR, str(error), doing, target, table) from error
    except (AttributeError, TypeError, KeyError) as error:
        if not _is_from_parser(error):
            raise
        raise truncated_response(doing, target, table) from error


def _is_from_parser(error: Exception) -> bool:
    """Whether botocore's parser tripped over a member of another kind than its model's."""
    frames = [
        str(frame.f_globals["__name__"]) for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-1] == "botocore.parsers"


def quotable(text: str) -> str:
    """A library's words for a message: on one line, without secrets.

    What AWS signed is left out: it fills pages, and its headers hold the session token.
    """
    words = _SIGNED.split(text, maxsplit=1)[0]
    return secrets.redact(" ".join(words.split()))


def truncated_response(doing: str, target: Target, table: str | None) -> OsemError:
    """The error for an answer without its content: botocore raises nothing for it."""
    return _error(TRUNCATED, "", doing, target, table)


def may_be_done(error: OsemError) -> bool:
    """Whether the request that failed with ``error`` may have been carried out.

    A lost answer leaves that open; a connection that was never made does not.
    """
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        ProxyConnectionError,
        SSLError,
    )

    never_sent = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
    return error.code in AMBIGUOUS and not isinstance(error.__cause__, never_sent)


def _refusal(error: ClientError, doing: str, target: Target, table: str | None) -> OsemError:
    code = error_code(error)
    text = str(error.response.get("Error", {}).get("Message") or "no reason given")
    details: dict[str, Any] = {"awsCode": code}
    request = error.response.get("ResponseMetadata", {}).get("RequestId")
    if request:
        details["requestId"] = request
    return _error(_template(code, text), text, doing, target, table, details)


def _template(code: str, text: str) -> ErrorTemplate:
    """The texts for a refusal, chosen by its words where its code says too little."""
    if TTL_TOO_SOON in text:
        return TOO_SOON
    if PROTECTION.search(text):
        return PROTECTED
    # A proxy's or moto's error page has the HTTP status for a code.
    default = SERVER_FAULT if code.isdigit() else OTHER_REFUSAL
    return next((template for codes, template in REFUSALS if code in codes), default)


def _sdk_template(error: BotoCoreError, target: Target) -> ErrorTemplate:
    names = {cls.__name__ for cls in type(error).__mro__}
    if target.local and "EndpointConnectionError" in names:
        return NO_ENGINE
    return next((template for known, template in SDK_ERRORS if names & {*known}), OTHER_SDK_ERROR)


def _error(  # noqa: PLR0917  the parts of one sentence
    template: ErrorTemplate,
    text: str,
    doing: str,
    target: Target,
    table: str | None,
    details: dict[str, Any] | None = None,
) -> OsemError:
    profile = f" --profile {target.profile}" if target.profile else ""
    fields = {
        "subject": f"{doing} {table}" if table else doing,
        "words": quotable(text),
        "place": f"The engine at {target.endpoint}" if target.local else "AWS",
        "login": f"aws sso login{profile}",
        "profile": profile,
        "setup": target.command("db.setup"),
        "endpoint": target.endpoint,
        "awscode": (details or {}).get("awsCode", ""),
    }
    return OsemError(
        template.message.format_map(fields),
        code=template.code,
        remediation=template.remedy.format_map(fields),
        table=table,
        details=details,
    )
