"""From bytes to a document, or to the reason why there is none."""

import json

import pytest

from envoy_exporter import documents
from envoy_exporter.documents import Document, Documents, Json
from envoy_exporter.gateway.errors import HTTPStatusError, NotAvailable
from envoy_exporter.gateway.responses import content
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import InvalidResponse, RequestError

NOW = 1_781_000_000.0


def seen(firmware: str = "D8.3.5169") -> Documents:
    return Documents({documents.INFO: Document({"device": {"software": firmware}})})


def told(endpoint: str, body: bytes, status: int = 200, firmware: str = "D8.3.5169", header: str = "") -> Json:
    """`header` is what Retry-After and Content-Type say."""
    headers = {"retry-after": header, "content-type": header}
    return content(endpoint, Response(status, headers, body), seen(firmware), NOW)


INFO = b"""<?xml version='1.0' encoding='UTF-8'?>
<envoy_info><time>1693745127</time><device><sn>122238082763</sn><software>D7.6.175</software><imeter>true</imeter></device>
<web-tokens>true</web-tokens><package name='app'><version>07</version></package></envoy_info>"""


def test_info_is_nested_text() -> None:
    told_info = told(documents.INFO, INFO)
    assert isinstance(told_info, dict)
    assert told_info["device"] == {"sn": "122238082763", "software": "D7.6.175", "imeter": "true"}
    assert told_info["time"] == "1693745127"


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
    ids=["empty", "HTML", "cut", "no UTF-8", "entities", "UTF-16", "JSON", "large"],
)
def test_an_info_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        told(documents.INFO, body)


def test_nested_tags_do_not_go_deep() -> None:
    deep = b"<envoy_info>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</envoy_info>"
    assert json.dumps(told(documents.INFO, deep)).count("{") == 3


@pytest.mark.parametrize(
    "body", [b'{"a": 1}', b'\xef\xbb\xbf{"a": 1}', b'\r\n  {"a": 1}\n'], ids=["plain", "BOM", "blank lines"]
)
def test_json_whatever_stands_around_it(body: bytes) -> None:
    assert told(documents.PRODUCTION_JSON, body, header="text/html; charset=ISO-8859-4") == {"a": 1}


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
    ids=["empty", "cut", "NaN", "Infinity", "more", "text", "no UTF-8", "deep", "digits", "UTF-16"],
)
def test_what_is_not_json_is_not_json(body: bytes) -> None:
    with pytest.raises(InvalidResponse) as error:
        told(documents.PRODUCTION_JSON, body)
    assert error.value.reason == "not_json"
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [(documents.METERS, b"{}"), (documents.PRODUCTION_JSON, b"[]"), (documents.INVERTERS_V1, b'{"status": 1}')],
)
def test_json_of_another_shape_is_another_schema(endpoint: str, body: bytes) -> None:
    with pytest.raises(InvalidResponse) as error:
        told(endpoint, body)
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
def test_not_on_this_gateway_is_no_failure(body: bytes, status: int) -> None:
    with pytest.raises(NotAvailable):
        told(documents.ENSEMBLE_INVENTORY, body, status)


def test_an_error_object_with_a_code_of_trouble_is_trouble() -> None:
    """Older firmware says 503 inside of a 200."""
    with pytest.raises(HTTPStatusError) as error:
        told(documents.ENSEMBLE_STATUS, b'{"error":"503 - Service Unavailable","informational":""}')
    assert error.value.reason == "http_5xx"


PAGE = b'    <!DOCTYPE html PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html>...</html>'


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("before", [b"", BOM], ids=["plain", "BOM"])
@pytest.mark.parametrize("firmware", ["D3.18.10", "R3.9.36", "D3.7.0"])
def test_a_page_with_200_says_not_here_below_firmware_4(firmware: str, before: bytes) -> None:
    with pytest.raises(NotAvailable):
        told(documents.PRODUCTION_JSON, before + PAGE, firmware=firmware)


def test_a_page_with_200_is_a_failure_from_firmware_4_on() -> None:
    with pytest.raises(InvalidResponse):
        told(documents.PRODUCTION_JSON, PAGE)


@pytest.mark.parametrize("before", [b"", BOM], ids=["plain", "BOM"])
def test_below_3_9_the_page_is_the_document(before: bytes) -> None:
    assert told(documents.PRODUCTION, before + PAGE, firmware="D3.7.0") == PAGE.decode()


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
def test_a_status_that_brings_nothing(status: int, reason: str) -> None:
    with pytest.raises(RequestError) as error:
        told(documents.METERS, b"[]", status)
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
def test_a_503_with_a_time(header: str, body: bytes, wait: float | None) -> None:
    with pytest.raises(HTTPStatusError) as error:
        told(documents.METERS, body, 503, header=header)
    assert error.value.retry_after == wait


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html><body>login</body></html>", b"\n<html>", b"<!doctype HTML>"])
def test_a_web_page_at_the_address_is_told_to_be_one(page: bytes) -> None:
    with pytest.raises(InvalidResponse, match="is a web page: is this a gateway"):
        content(documents.INFO, Response(200, {}, page), Documents(), 0.0)
