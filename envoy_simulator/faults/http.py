"""Faults of HTTP: statuses, redirects, headers, framing, encodings."""

import gzip
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Literal
from zlib import Z_FULL_FLUSH, compressobj, crc32

from envoy_simulator.faults.fault import FaultContext, Layer, fault
from envoy_simulator.faults.message import (
    chunk,
    replace_message,
    with_connection,
    with_framing,
    with_length,
    without_chunks,
    without_headers,
)
from envoy_simulator.http_types import Response
from envoy_simulator.steps import Close, Step, Steps

_CHUNKED = b"Transfer-Encoding: chunked"
_MEGABYTE = 1 << 20

_PAGES: Mapping[str, tuple[str, bytes]] = {
    "json": ("application/json", b'{"error": "%d"}'),
    "html": ("text/html", b"<html><body><h1>%d</h1></body></html>"),
    "text": ("text/plain", b"Error: %d"),
    "empty": ("text/plain", b""),
}


@fault(Layer.RESPONSE, "endpoint", "The response has another status, with a body of the type `page`.")
def status(
    _: FaultContext,
    __: Response,
    *,
    code: int = 500,
    page: Literal["html", "json", "text", "empty"] = "html",
) -> Response:
    kind, body = _PAGES[page]
    return Response(code, (("Content-Type", kind),), body % code if b"%d" in body else body)


@fault(
    Layer.RESPONSE,
    "endpoint",
    "The status is 503, with any Retry-After: seconds, a date or nonsense; empty omits the header.",
)
def busy(_: FaultContext, __: Response, *, retry_after: str = "30") -> Response:
    headers = (("Retry-After", retry_after),) if retry_after else ()
    return Response(503, headers, b"Resource busy, please retry after 30 seconds")


@fault(Layer.RESPONSE, "endpoint", "The client is redirected; a URL in `location` takes precedence over `to`.")
def redirect(
    context: FaultContext,
    _: Response,
    *,
    to: Literal["https", "localhost", "login", "loop", "chain", "file", "script", "nowhere"] = "https",
    location: str = "",
    code: int = 301,
) -> Response:
    target = context.request.target
    locations = {
        "https": f"https://{context.request.headers.get('host', 'envoy.local')}{target}",
        "localhost": f"https://localhost{target}",
        "login": "/login.html",
        "loop": target,
        "chain": f"/home?hop={int(context.request.query.removeprefix('hop=') or 0) + 1}"
        if context.request.query.startswith("hop=")
        else "/home?hop=1",
        "file": "file:///etc/passwd",
        "script": "javascript:alert(1)",
        "nowhere": "",
    }
    value = location or locations[to]
    return Response(code, (("Location", value),) if value else (), b"")


@fault(Layer.RESPONSE, "nothing", "The Content-Type is wrong or missing.")
def content_type(
    _: FaultContext,
    response: Response,
    *,
    kind: Literal["none", "html", "json", "latin", "unknown"] = "none",
) -> Response:
    types = {
        "html": "text/html",
        "json": "application/json",
        "latin": "application/json; charset=ISO-8859-4",
        "unknown": "application/json; charset=x-none-such",
    }
    headers = tuple((name, value) for name, value in response.headers if name.lower() != "content-type")
    return replace(response, headers=headers + ((("Content-Type", types[kind]),) if kind in types else ()))


@fault(
    Layer.MESSAGE, "endpoint", "The Content-Length is wrong, invalid, repeated, missing, or sent together with chunks."
)
def length(
    _: FaultContext,
    steps: Steps,
    *,
    kind: Literal[
        "too-big", "too-small", "negative", "doubled", "conflicting", "with-chunks", "none", "word"
    ] = "too-big",
) -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        body = without_chunks(head, body)
        size = len(body)
        header = b"Content-Length: %d"
        framing: dict[str, tuple[bytes, ...]] = {
            "too-big": (header % (size + 100),),
            "too-small": (header % max(0, size - 5),),
            "negative": (header % -1,),
            "doubled": (header % size, header % size),
            "conflicting": (header % size, header % (size + 7)),
            "with-chunks": (header % size, _CHUNKED),
            "none": (),
            "word": (b"Content-Length: some",),
        }
        sent = chunk(body) + chunk(b"") if kind == "with-chunks" else body
        yield with_framing(with_connection(head, b"close"), sent, *framing[kind])
        yield Close()

    return replace_message(steps, change)


@fault(Layer.MESSAGE, "endpoint", "The chunks have no end, an invalid size, or further bytes after the last one.")
def chunks(
    _: FaultContext,
    steps: Steps,
    *,
    kind: Literal["unfinished", "bad-size", "trailing"] = "unfinished",
) -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        plain = without_chunks(head, body)
        sent = {
            "unfinished": chunk(plain),
            "bad-size": b"zz\r\n" + plain + b"\r\n" + chunk(b""),
            "trailing": chunk(plain) + chunk(b"") + b"trailing bytes",
        }
        yield with_framing(with_connection(head, b"close"), sent[kind], _CHUNKED)
        yield Close()

    return replace_message(steps, change)


@fault(Layer.MESSAGE, "endpoint", "The response head is not valid HTTP, or far too large.")
def head(
    _: FaultContext,
    steps: Steps,
    *,
    kind: Literal["bad-status", "http-0.9", "no-colon", "space", "long", "cookie", "many", "nul"] = "bad-status",
) -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        body = without_chunks(head, body)
        first, _, lines = with_length(with_connection(head, b"close"), body).partition(b"\r\n")
        line = {
            "no-colon": b"not a header",
            "space": b"X-Odd : 1",
            "long": b"X-Long: " + b"x" * 300_000,
            "cookie": b"Set-Cookie: sessionId=" + b"x" * 1_000_000,
            "many": b"\r\n".join(b"X-%d: 1" % number for number in range(10_000)),
            "nul": b"X-Nul: a\0b",
        }
        if kind == "http-0.9":
            yield body
        elif kind == "bad-status":
            yield b"HTTP/1.1 fine, thanks\r\n" + lines
        else:
            yield first + b"\r\n" + line[kind] + b"\r\n" + lines
        yield Close()

    return replace_message(steps, change)


@fault(
    Layer.RESPONSE,
    "endpoint",
    "The body is compressed without a request for it: valid gzip, damaged, a bomb of 1 GiB, or brotli.",
)
def compressed(
    _: FaultContext,
    response: Response,
    *,
    kind: Literal["gzip", "damaged", "bomb", "brotli"] = "gzip",
) -> Response:
    whole = gzip.compress(response.body, mtime=0)
    body = {"gzip": whole, "damaged": whole[:-12] + b"\xff" * 12, "brotli": b"\x8b\x00\x80\x03"}.get(kind)
    headers = (*response.headers, ("Content-Encoding", "br" if kind == "brotli" else "gzip"))
    return replace(response, headers=headers, body=_bomb() if body is None else body, chunked=False)


@cache
def _bomb() -> bytes:
    """A gzip body of about 1 MiB that decompresses to 1 GiB: the same block of a stream, 1024 times."""
    zeros = bytes(_MEGABYTE)
    squeeze = compressobj(9, wbits=-15)
    block = squeeze.compress(zeros) + squeeze.flush(Z_FULL_FLUSH)
    checked = 0
    for _ in range(1024):
        checked = crc32(zeros, checked)
    head = gzip.compress(b"", mtime=0)[:10]
    return head + block * 1024 + squeeze.flush() + struct.pack("<II", checked, 1024 * _MEGABYTE)


@fault(
    Layer.MESSAGE,
    "endpoint",
    "The body has `megabytes` MiB, with a Content-Length or in chunks; 0 is chunks without end.",
)
def huge(_: FaultContext, steps: Steps, *, megabytes: int = 300, kind: Literal["length", "chunks"] = "length") -> Steps:
    def change(head: bytes, _: bytes) -> Iterator[Step]:
        spaces = b" " * 65536
        chunked = kind == "chunks" or not megabytes
        framing = _CHUNKED if chunked else b"Content-Length: %d" % (megabytes * _MEGABYTE)
        yield with_framing(head, b"", framing)
        piece = chunk(spaces) if chunked else spaces
        sent = 0
        while not megabytes or sent < megabytes * 16:
            yield piece
            sent += 1
        if chunked:
            yield chunk(b"")

    return replace_message(steps, change)


@fault(Layer.MESSAGE, "endpoint", "The status is one without a body, or the body is half of the document (206).")
def bodiless(_: FaultContext, steps: Steps, *, kind: Literal["204", "205", "206", "304"] = "204") -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        lines = b"\r\n".join(head.split(b"\r\n")[1:])
        half = without_chunks(head, body)
        half = half[: len(half) // 2]
        head = b"HTTP/1.1 %s Odd\r\n%s" % (kind.encode(), lines)
        if kind == "206":
            yield with_length(head, half)
        else:
            yield (
                without_headers(head, b"content-length", b"transfer-encoding")
                + b"\r\n"
                + _EMPTY.get(kind, b"")
                + b"\r\n"
            )

    return replace_message(steps, change)


_EMPTY: Mapping[str, bytes] = {"205": b"Content-Length: 0\r\n"}


@fault(Layer.WIRE, "nothing", "`100 Continue` is sent `times` times before the response.")
def continued(_: FaultContext, steps: Steps, *, times: int = 1000) -> Steps:
    yield b"HTTP/1.1 100 Continue\r\n\r\n" * times
    yield from steps


@fault(Layer.RESPONSE, "nothing", "The response sets two cookies, a different cookie each time, or an expired one.")
def cookies(
    context: FaultContext,
    response: Response,
    *,
    kind: Literal["two", "changing", "expired"] = "two",
) -> Response:
    values: dict[str, tuple[str, ...]] = {
        "two": ("sessionId=one; Path=/", "sessionId=two; Path=/; HttpOnly"),
        "changing": (f"sessionId={context.number}; Path=/",),
        "expired": ("sessionId=old; Expires=Thu, 01 Jan 1970 00:00:00 GMT",),
    }
    return replace(response, headers=(*response.headers, *(("Set-Cookie", value) for value in values[kind])))
