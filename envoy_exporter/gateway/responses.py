"""Parse a response into the content of a document, or raise the reason why it has none. Ignores Content-Type.

Gateways announce XML and HTML as JSON and report "not found" with status 200, so only what parses counts.
"""

import codecs
import json
import re
from typing import Never
from xml.etree import ElementTree as ET

from envoy_exporter import system
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    METER_READINGS,
    METERS,
    PRODUCTION,
    Documents,
    Entry,
    Json,
)
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import InvalidResponse
from envoy_exporter.transport.headers import seconds_until

from .errors import HTTPStatusError, NotAvailable

LARGEST_INFO = 64 * 1024
_LISTS = frozenset(
    {
        METERS,
        METER_READINGS,
        INVERTERS_V1,
        ENSEMBLE_INVENTORY,
        INVENTORY,
    }
)
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 300.0
_WAIT = re.compile(rb"retry after (\d{1,6}) seconds", re.IGNORECASE)


def content(endpoint: str, response: Response, documents: Documents, now: float) -> Json:
    """The content of the endpoint's document. A Retry-After date is measured from `now` (seconds since 1970).

    Raises NotAvailable if the gateway does not have the endpoint, HTTPStatusError for other statuses than 200, and
    InvalidResponse for content that this endpoint does not have.
    """
    _check_status(response, now)
    if endpoint == INFO:
        return _information(response.body)
    body = response.body.removeprefix(codecs.BOM_UTF8)
    is_page = body.lstrip()[:1] == b"<"
    if is_page and system.firmware_below(documents, 3, 9) and endpoint == PRODUCTION:
        return body.decode("utf-8", "replace")
    if is_page and system.firmware_below(documents, 4):
        raise NotAvailable("an HTML page")
    parsed = _json(body)
    _check_error(parsed)
    expected = list if endpoint in _LISTS else dict
    if not isinstance(parsed, expected):
        raise InvalidResponse(
            "schema", f"unexpected schema: the JSON is a {type(parsed).__name__}, not a {expected.__name__}"
        )
    return parsed


def _check_status(response: Response, now: float) -> None:
    if response.status == 200:  # noqa: PLR2004
        return
    if response.status in {403, 404}:
        raise NotAvailable(f"HTTP {response.status}")
    wait = _wait(response, now)
    retry = "" if wait is None else f"; retry after {wait:.0f} s"
    raise HTTPStatusError(response.status, f"HTTP {response.status}{retry}", wait)


def _wait(response: Response, now: float) -> float | None:
    """The Retry-After of a 429 or 503 in seconds, limited. While firmware 7 starts, it is a sentence in the body."""
    if response.status not in {429, 503}:
        return None
    header = response.headers.get("retry-after", "").strip()
    seconds: float | None = None
    if re.fullmatch(r"-?\d{1,12}", header):
        seconds = float(header)
    elif header:
        seconds = seconds_until(header, now)
    if seconds is None and (message := _WAIT.search(response.body)):
        seconds = float(message.group(1))
    return None if seconds is None else min(max(seconds, _SHORTEST_WAIT), _LONGEST_WAIT)


def _json(body: bytes) -> Json:
    """Standard JSON: no NaN, and UTF-8 whatever charset is announced (some gateways announce ISO-8859-4)."""

    def reject(constant: str) -> Never:
        raise ValueError(constant)

    try:
        parsed: Json = json.loads(body.decode(), parse_constant=reject)
    except (ValueError, RecursionError):
        raise InvalidResponse(
            "not_json", f"the response is not valid JSON; it starts with {_beginning(body)}"
        ) from None
    return parsed


def _check_error(parsed: Json) -> None:
    """`{"error": "404 - Not Found"}` on firmware 3 and 4, `{"err": ...}` on 5 and 8, with any status."""
    if not isinstance(parsed, dict):
        return
    error = parsed.get("error", parsed.get("err"))
    if not isinstance(error, str):
        return
    code = re.match(r"\s*(5\d\d)\b", error)
    if code:
        raise HTTPStatusError(int(code.group(1)), f"error object: {printable(error)}")
    raise NotAvailable(f"error object: {printable(error)}")


def _information(body: bytes) -> Json:
    """`/info` as nested text, three elements deep. A DOCTYPE is rejected before parsing, so no entity can expand."""
    if len(body) > LARGEST_INFO:
        raise InvalidResponse("too_large", f"/info is larger than {LARGEST_INFO} bytes")
    try:
        text = body.decode("utf-8-sig")
        if re.match(r"\s*<(!doctype\s+)?html\b", text, re.IGNORECASE):
            raise InvalidResponse("schema", "/info is a web page; check that this is a gateway")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise InvalidResponse("schema", "/info declares XML entities; check that this is a gateway")
        root = ET.fromstring(text)  # noqa: S314  # see above
    except (ET.ParseError, ValueError, LookupError):
        raise InvalidResponse(
            "schema", f"/info is not valid XML; it starts with {_beginning(body)}; check that this is a gateway"
        ) from None
    if root.tag != "envoy_info":
        raise InvalidResponse("schema", f"/info contains {printable(root.tag)}; check that this is a gateway")
    return _elements(root, depth=3)


def _elements(element: ET.Element, depth: int) -> Entry:
    return {
        child.tag: _elements(child, depth - 1) if len(child) and depth > 1 else (child.text or "").strip()
        for child in element
    }


def _beginning(body: bytes) -> str:
    return printable(body[:60].decode("utf-8", "replace"))


def printable(text: str) -> str:
    """The text for a log line: printable, in quotes, at most 100 characters."""
    return repr("".join(letter if letter.isprintable() else " " for letter in text[:100]).strip())
