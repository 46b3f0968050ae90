"""From an answer to a document's content, or to the reason why there is none. Pure, and never by Content-Type.

Gateways announce XML and HTML as JSON and say "not found" with status 200, so what counts is what parses.
"""

import codecs
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Never
from xml.etree import ElementTree as ET

from envoy_exporter import documents, system
from envoy_exporter.documents import Documents, Entry, Json

from .client import Answer
from .errors import BadStatus, NotHere, Unusable

_LARGEST_INFO = 64 * 1024
_LISTS = frozenset(
    {
        documents.METERS,
        documents.METER_READINGS,
        documents.INVERTERS_V1,
        documents.ENSEMBLE_INVENTORY,
        documents.INVENTORY,
    }
)
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 300.0
_WAIT = re.compile(rb"retry after (\d{1,6}) seconds", re.IGNORECASE)


def content(endpoint: str, answer: Answer, seen: Documents, now: float) -> Json:
    """What the endpoint says. `now` (seconds since 1970) is what a Retry-After date is measured from.

    Raises NotHere where the gateway says that it has no such thing, BadStatus for other statuses than 200, and
    Unusable for what is not this endpoint's answer.
    """
    _check_status(answer, now)
    if endpoint == documents.INFO:
        return _information(answer.body)
    body = answer.body.removeprefix(codecs.BOM_UTF8)
    is_page = body.lstrip()[:1] == b"<"
    if is_page and system.firmware_below(seen, 3, 9) and endpoint == documents.PRODUCTION:
        return body.decode("utf-8", "replace")
    if is_page and system.firmware_below(seen, 4):
        raise NotHere("an HTML page")
    parsed = _json(body)
    _check_error(parsed)
    if not isinstance(parsed, list if endpoint in _LISTS else dict):
        raise Unusable("schema", f"its answer is JSON but a {type(parsed).__name__}, of another shape than expected")
    return parsed


def _check_status(answer: Answer, now: float) -> None:
    if answer.status == 200:  # noqa: PLR2004
        return
    if answer.status in {403, 404}:
        raise NotHere(f"HTTP {answer.status}")
    wait = _wait(answer, now)
    asks = "" if wait is None else f", and asks to be left alone for {wait:.0f} s"
    raise BadStatus(answer.status, f"HTTP {answer.status}{asks}", wait)


def _wait(answer: Answer, now: float) -> float | None:
    """Seconds that a 429 or 503 asks to wait, within reason; firmware 7 says it in words while it starts."""
    if answer.status not in {429, 503}:
        return None
    header = answer.headers.get("retry-after", "").strip()
    seconds: float | None = None
    if re.fullmatch(r"-?\d{1,12}", header):
        seconds = float(header)
    elif header:
        seconds = until(header, now)
    if seconds is None and (words := _WAIT.search(answer.body)):
        seconds = float(words.group(1))
    return None if seconds is None else min(max(seconds, _SHORTEST_WAIT), _LONGEST_WAIT)


def until(date: str, now: float) -> float | None:
    """Seconds from now (since 1970) to a date as HTTP writes them; None where that is none."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):  # OverflowError: for the year 99999999999
        return None


def _json(body: bytes) -> Json:
    """JSON as the standard has it: no NaN, and UTF-8 whatever charset is announced (some say ISO-8859-4)."""

    def refuse(constant: str) -> Never:
        raise ValueError(constant)

    try:
        parsed: Json = json.loads(body.decode(), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unusable("not_json", f"its answer is not JSON and begins with {_beginning(body)}") from None
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
        raise BadStatus(int(code.group(1)), f"an error object: {shown(error)}")
    raise NotHere(f"an error object: {shown(error)}")


def _information(body: bytes) -> Json:
    """`/info` as nested text, three elements deep. The parser meets no DOCTYPE, so no entity that could grow."""
    if len(body) > _LARGEST_INFO:
        raise Unusable("too_large", f"/info is larger than {_LARGEST_INFO} bytes")
    try:
        text = body.decode("utf-8-sig")
        if re.match(r"\s*<(!doctype\s+)?html\b", text, re.IGNORECASE):
            raise Unusable("schema", "/info is a web page: is this a gateway?")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Unusable("schema", "/info declares entities, which no gateway does")
        root = ET.fromstring(text)  # noqa: S314  # see above
    except (ET.ParseError, ValueError, LookupError):
        raise Unusable("schema", f"/info is not XML and begins with {_beginning(body)}: is this a gateway?") from None
    if root.tag != "envoy_info":
        raise Unusable("schema", f"/info is not about an Envoy but about {shown(root.tag)}")
    return _elements(root, depth=3)


def _elements(element: ET.Element, depth: int) -> Entry:
    return {
        each.tag: _elements(each, depth - 1) if len(each) and depth > 1 else (each.text or "").strip()
        for each in element
    }


def _beginning(body: bytes) -> str:
    return shown(body[:60].decode("utf-8", "replace"))


def shown(text: str) -> str:
    """Safe for a log: printable, in quotes, at most 100 characters."""
    return repr("".join(each if each.isprintable() else " " for each in text[:100]).strip())


def utc(seconds: float) -> str:
    """A day as people write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
