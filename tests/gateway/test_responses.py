"""The content of a document from a response, or the error."""

import json

import pytest

from envoy_exporter import documents
from envoy_exporter.documents import Document, Documents, Json
from envoy_exporter.gateway.errors import HTTPStatusError, NotAvailable
from envoy_exporter.gateway.responses import content
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import InvalidResponse, RequestError

NOW = 1_781_000_000.0


def identified(firmware: str = "D8.3.5169") -> Documents:
    return Documents({documents.INFO: Document({"device": {"software": firmware}})})


def parsed(endpoint: str, body: bytes, status: int = 200, firmware: str = "D8.3.5169", header: str = "") -> Json:
    """`header` is the value of Retry-After and of Content-Type."""
    headers = {"retry-after": header, "content-type": header}
    return content(endpoint, Response(status, headers, body), identified(firmware), NOW)


INFO = b"""<?xml version='1.0' encoding='UTF-8'?>
<envoy_info><time>1693745127</time><device><sn>122238082763</sn><software>D7.6.175</software><imeter>true</imeter></device>
<web-tokens>true</web-tokens><package name='app'><version>07</version></package></envoy_info>"""


def test_info_becomes_nested_text() -> None:
    info = parsed(documents.INFO, INFO)
    assert isinstance(info, dict)
    assert info["device"] == {"sn": "122238082763", "software": "D7.6.175", "imeter": "true"}
    assert info["time"] == "1693745127"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>envoy</body></html>",
        INFO[:-9],
        b"\xff\xfe" + INFO,
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><envoy_info>&a;</envoy_info>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []><envoy_info/>'.encode("utf-16"),
        b"{}",
        b"<envoy_info>" + b" " * 70_000 + b"</envoy_info>",
    ],
    ids=["empty", "HTML", "truncated", "not UTF-8", "entities", "UTF-16", "JSON", "large"],
)
def test_invalid_info_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        parsed(documents.INFO, body)


def test_info_with_deeply_nested_tags_is_limited_to_three_levels() -> None:
    deep = b"<envoy_info>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</envoy_info>"
    assert json.dumps(parsed(documents.INFO, deep)).count("{") == 3


@pytest.mark.parametrize(
    "body", [b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}', b'\r\n  {"a": 1}\n'], ids=["plain", "BOM", "blank lines"]
)
def test_json_with_bom_or_blank_lines_is_parsed(body: bytes) -> None:
    assert parsed(documents.PRODUCTION_JSON, body, header="text/html; charset=ISO-8859-4") == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1} trailing',
        b"Error: 401",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b"1" * 5000,
        "{}".encode("utf-16"),
    ],
    ids=["empty", "truncated", "NaN", "Infinity", "more", "text", "not UTF-8", "deep", "digits", "UTF-16"],
)
def test_invalid_json_is_not_json(body: bytes) -> None:
    with pytest.raises(InvalidResponse) as error:
        parsed(documents.PRODUCTION_JSON, body)
    assert error.value.reason == "not_json"
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [(documents.METERS, b"{}"), (documents.PRODUCTION_JSON, b"[]"), (documents.INVERTERS_V1, b'{"status": 1}')],
)
def test_json_of_another_type_is_a_schema_error(endpoint: str, body: bytes) -> None:
    with pytest.raises(InvalidResponse) as error:
        parsed(endpoint, body)
    assert error.value.reason == "schema"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{ "error" : "404 - Not Found" }', 404),
        (b' { "err": "404 - Not Found" }', 200),
        (b'{ "error" : "404 - Not Found" }', 200),
        (b"<html>", 404),
        (b"", 403),
    ],
)
def test_403_404_and_their_error_objects_are_not_available(body: bytes, status: int) -> None:
    with pytest.raises(NotAvailable):
        parsed(documents.ENSEMBLE_INVENTORY, body, status)


def test_error_object_with_503_is_a_server_error() -> None:
    """Older firmware sends a 503 in the body of a 200."""
    with pytest.raises(HTTPStatusError) as error:
        parsed(documents.ENSEMBLE_STATUS, b'{"error":"503 - Service Unavailable","informational":""}')
    assert error.value.reason == "http_5xx"


PAGE = b'    <!DOCTYPE html PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html>...</html>'


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("before", [b"", BOM], ids=["plain", "BOM"])
@pytest.mark.parametrize("firmware", ["D3.18.10", "R3.9.36", "D3.7.0"])
def test_web_page_with_200_below_firmware_4_is_not_available(firmware: str, before: bytes) -> None:
    with pytest.raises(NotAvailable):
        parsed(documents.PRODUCTION_JSON, before + PAGE, firmware=firmware)


def test_web_page_with_200_from_firmware_4_on_is_invalid() -> None:
    with pytest.raises(InvalidResponse):
        parsed(documents.PRODUCTION_JSON, PAGE)


@pytest.mark.parametrize("before", [b"", BOM], ids=["plain", "BOM"])
def test_web_page_below_firmware_3_9_is_the_document(before: bytes) -> None:
    assert parsed(documents.PRODUCTION, before + PAGE, firmware="D3.7.0") == PAGE.decode()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "redirect"),
        (401, "http_401"),
        (405, "http_other"),
        (204, "http_other"),
        (429, "http_429"),
        (500, "http_5xx"),
        (504, "http_5xx"),
    ],
)
def test_other_status_has_its_reason(status: int, reason: str) -> None:
    with pytest.raises(RequestError) as error:
        parsed(documents.METERS, b"[]", status)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("header", "body", "wait"),
    [
        ("30", b"", 30),
        ("0", b"", 1),
        ("-5", b"", 1),
        ("1000000000", b"", 300),
        ("Tue, 09 Jun 2026 10:14:20 GMT", b"", 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", b"", 1),
        ("soon", b"", None),
        ("", b"Resource busy, please retry after 30 seconds", 30),
        ("", b"", None),
    ],
)
def test_503_with_retry_after_has_its_seconds(header: str, body: bytes, wait: float | None) -> None:
    with pytest.raises(HTTPStatusError) as error:
        parsed(documents.METERS, body, 503, header=header)
    assert error.value.retry_after == wait


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html><body>login</body></html>", b"\n<html>", b"<!doctype HTML>"])
def test_web_page_instead_of_info_is_named_in_the_error(page: bytes) -> None:
    with pytest.raises(InvalidResponse, match="web page"):
        content(documents.INFO, Response(200, {}, page), Documents(), 0.0)
