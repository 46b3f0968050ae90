"""Faults of the bytes of a body."""

import re
from typing import Literal

from envoy_simulator.faults.fault import FaultContext, Layer, fault

_NUMBER = re.compile(rb"(?<=[:\[\s])-?\d+(?:\.\d+)?(?=[,\s\]}])")
_PAIR = re.compile(rb'("\w+"\s*:\s*)-?\d+(?:\.\d+)?(?=[,\s}])')
_TEXT = re.compile(rb'(?:[:\[]|,\n)\s*"([^"\\\n]+)"(?=\s*[,\]}])')


@fault(Layer.BODY, "endpoint", "The body is replaced by other content, or is not what a parser expects.")
def body(
    _: FaultContext,
    body: bytes,
    *,
    kind: Literal[
        "empty", "html", "error-401", "error", "err", "nested", "long-integer", "utf-16", "latin", "trailing"
    ] = "empty",
) -> bytes:
    return {
        "empty": b"",
        "html": b"    <!DOCTYPE html><html><head><title>Envoy</title></head><body>Loading</body></html>",
        "error-401": b"Error: 401",
        "error": b'{"error": "busy"}',
        "err": b' { "err": "404 - Not Found" }',
        "nested": b"[" * 100_000 + b"]" * 100_000,
        "long-integer": b'{"wattsNow": ' + b"9" * 5000 + b"}",
        "utf-16": body.decode("latin-1").encode("utf-16"),
        "latin": b'{"name": "\xe9\xff", ' + body.lstrip()[1:],
        "trailing": body + b"\n</html>",
    }[kind]


@fault(Layer.BODY, "nothing", "The body begins with a byte order mark.")
def bom(_: FaultContext, body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


@fault(Layer.BODY, "endpoint", "The body ends after `byte` bytes (-1: at random), with the matching Content-Length.")
def cut(context: FaultContext, body: bytes, *, byte: int = -1) -> bytes:
    return body[: context.random.randrange(len(body) or 1) if byte < 0 else byte]


@fault(Layer.BODY, "endpoint", "Random bits of the body are inverted, `bits` of them.")
def flipped(context: FaultContext, body: bytes, *, bits: int = 3) -> bytes:
    damaged = bytearray(body)
    for _ in range(bits if body else 0):
        damaged[context.random.randrange(len(body))] ^= 1 << context.random.randrange(8)
    return bytes(damaged)


@fault(Layer.BODY, "endpoint", "One random number is replaced by one that is not valid JSON or is out of range.")
def number(
    context: FaultContext,
    body: bytes,
    *,
    kind: Literal["NaN", "Infinity", "-Infinity", "1e999", "long"] = "NaN",
) -> bytes:
    matches = list(_NUMBER.finditer(body))
    if not matches:
        return body
    match = context.random.choice(matches)
    return body[: match.start()] + (b"9" * 400 if kind == "long" else kind.encode()) + body[match.end() :]


@fault(Layer.BODY, "values", "One random text contains characters, or a length, that are bad for a label.")
def text(
    context: FaultContext,
    body: bytes,
    *,
    kind: Literal["surrogate", "nul", "escape", "newline", "separator", "long"] = "surrogate",
) -> bytes:
    texts = {
        "surrogate": rb"\ud800",
        "nul": rb"\u0000",
        "escape": rb"\u001b[31m",
        "newline": rb"a\r\nb",
        "separator": rb"\u2028",
        "long": b"x" * 1_000_000,
    }
    matches = list(_TEXT.finditer(body))
    if not matches:
        return body
    match = context.random.choice(matches)
    return body[: match.start(1)] + texts[kind] + body[match.end(1) :]


@fault(Layer.BODY, "values", "An object has one of its keys twice, first with another value.")
def key_twice(context: FaultContext, body: bytes) -> bytes:
    matches = list(_PAIR.finditer(body))
    if not matches:
        return body
    match = context.random.choice(matches)
    return body[: match.start()] + match[1] + b"1, " + body[match.start() :]


@fault(Layer.BODY, "gateway", "`/info` is incomplete, invalid or far too large.", endpoints=("/info", "/info.xml"))
def info(
    _: FaultContext,
    body: bytes,
    *,
    kind: Literal["cut", "html", "no-device", "no-software", "odd-version", "entities", "huge", "nested"] = "cut",
) -> bytes:
    match kind:
        case "cut":
            return body[: len(body) // 2]
        case "html":
            return b"<!DOCTYPE html><html><body>Envoy</body></html>"
        case "no-device":
            return re.sub(rb"(?s)<device>.*</device>", b"", body)
        case "no-software":
            return re.sub(rb"<software>.*</software>", b"", body)
        case "odd-version":
            return re.sub(rb"<software>.*</software>", b"<software>next</software>", body)
        case "entities":
            bomb = b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "%s">]>' % (b"&a;" * 1000)
            return re.sub(rb"(<\?xml[^>]*\?>)?(?s:(.*))", rb"\1" + bomb + rb"\2", body, count=1).replace(
                b"<seqnum>0", b"<seqnum>&b;"
            )
        case "huge":
            return body.replace(b"</envoy_info>", b" " * (10 << 20) + b"</envoy_info>")
        case "nested":
            return body.replace(b"</envoy_info>", b"<a>" * 50_000 + b"</a>" * 50_000 + b"</envoy_info>")
