"""Invalid response bodies: not JSON, JSON of an unexpected type, or far too large."""

import json
from collections.abc import Iterator
from random import Random

from envoy_exporter.documents import Json
from envoy_exporter.fields import MAX_DEVICES

DEEP = 100_000
LONG_NUMBER = "9" * 5000

UNREADABLE: dict[str, bytes] = {
    "nothing": b"",
    "whitespace": b" \r\n",
    "HTML": b"<!DOCTYPE html><html><head><title>Envoy</title></head><body>Please wait</body></html>",
    "a text error": b"Error: 401",
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "a NaN inside": b'{"production": NaN}',
    "a long number": LONG_NUMBER.encode(),
    "a long number inside": b'{"production": [{"wNow": ' + LONG_NUMBER.encode() + b"}]}",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "lists without an end": b"[" * DEEP,
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "an error object": b'{"error": "404 - Not Found"}',
    "another error object": b'{"err": "not supported"}',
    "busy": b'{"error": "503 - busy"}',
    "a text": b'"text"',
    "null": b"null",
    "true": b"true",
    "a number": b"1",
}
"""Bodies that are not a document of any endpoint."""

INFOS: dict[str, bytes] = {
    "no device": b"<?xml version='1.0'?><envoy_info><time>1781000000</time></envoy_info>",
    "an empty device": b"<envoy_info><device/></envoy_info>",
    "no software": b"<envoy_info><device><sn>122012345678</sn></device></envoy_info>",
    **{
        f"software {version!r}": f"<envoy_info><device><software>{version}</software></device></envoy_info>".encode()
        for version in ("", "text", "R", "D8", "M99.99.99", "8" * 5000, "0.0.0", "-1.2", "D8.2.127.231214")
    },
    **{
        f"time {time!r}": f"<envoy_info><time>{time}</time></envoy_info>".encode()
        for time in ("", "0", "-1", "1e999", "text", "9" * 12, "9" * 5000, "1781000000.5")
    },
    "a DOCTYPE": b"<!DOCTYPE a [<!ENTITY b 'c'>]><envoy_info><device><sn>&b;</sn></device></envoy_info>",
    "billions of laughs": b"<!DOCTYPE a [<!ENTITY b 'cccc'><!ENTITY d '&b;&b;'>]><envoy_info>&d;</envoy_info>",
    "another root": b"<html><body/></html>",
    "deep elements": b"<a>" * 10_000 + b"</a>" * 10_000,
    "deep elements of an Envoy": b"<envoy_info>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</envoy_info>",
    "ten megabytes": b"<envoy_info>" + b" " * 10_000_000 + b"</envoy_info>",
    "an unknown encoding": b'<?xml version="1.0" encoding="x"?><envoy_info/>',
    "UTF-16": "<envoy_info/>".encode("utf-16"),
    "a NUL": b"<envoy_info><device><sn>1\x00</sn></device></envoy_info>",
    "markup in texts": b"<envoy_info><device><sn><b>1</b></sn><pn><![CDATA[<]]></pn></device></envoy_info>",
    "a device twice": b"<envoy_info><device><sn>1</sn></device><device><sn>2</sn></device></envoy_info>",
}
"""Bodies of `/info`, which is XML."""


def same(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Other encodings of the same document."""
    yield "a byte order mark", b"\xef\xbb\xbf" + body
    yield "whitespace around it", b"\r\n \t" + body + b"\r\n"
    yield "escapes", json.dumps(json.loads(body)).encode()
    yield "no escapes", json.dumps(json.loads(body), ensure_ascii=False).encode()


def unreadable(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Bodies that cannot be parsed."""
    yield from UNREADABLE.items()
    yield "trailing data", body + b"}"
    yield "twice", body + body
    yield "UTF-16", body.decode().encode("utf-16")
    yield "reversed", body[::-1]


def cuts(body: bytes, every: int) -> Iterator[bytes]:
    """The body truncated at every byte, or at every so many bytes."""
    for end in range(0, len(body.rstrip()), every):
        yield body[:end]


def flipped(body: bytes, random: Random) -> bytes:
    """Some bytes are changed, duplicated or missing."""
    changed = bytearray(body)
    for _ in range(random.choice((1, 1, 2, 5, 50))):
        place = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0:
                changed[place : place + 1] = bytes((random.randrange(256),))
            case 1:
                changed[place:place] = random.choice((b"0", b"9", b"-", b"e", b'"', b",", b"]", b"{}", b"null"))
            case 2:
                del changed[place : place + random.randrange(1, 9)]
            case 3:
                changed[place:place] = changed[place : place + random.randrange(1, 99)]
    return bytes(changed)


def crowded(content: list[Json], many: int = 10 * MAX_DEVICES) -> list[Json]:
    """The objects of a list repeated many times, each with new identifiers."""
    made: list[Json] = []
    while len(made) < many:
        made += [_renamed(item, len(made) + place) for place, item in enumerate(content)]
    return made[:many]


_IDENTIFIERS = ("serial_num", "serialNumber", "sn", "eid", "id", "interface")


def _renamed(item: Json, place: int) -> Json:
    if not isinstance(item, dict):
        return item
    renamed: dict[str, Json] = {}
    for key, value in item.items():
        known = key in _IDENTIFIERS
        renamed[key] = place + 1 if known and isinstance(value, int) else f"N{place}" if known else value
    return renamed
