"""An HTTP message as bytes, taken apart: what faults of HTTP and of the wire share."""

import re
from collections.abc import Callable, Iterable

from envoy_simulator.steps import Step, Steps

_END = b"\r\n\r\n"


def reshaped(steps: Steps, change: Callable[[bytes, bytes], Iterable[Step]]) -> Steps:
    """The steps with something else for the answer, of whose head (less the empty line) and body it is made."""
    first = next(steps, None)
    if isinstance(first, bytes) and _END in first:
        head, _, body = first.partition(_END)
        yield from change(head, body)
    elif first is not None:
        yield first
    yield from steps


def unchunked(head: bytes, body: bytes) -> bytes:
    """The body without its framing."""
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        plain, body = plain + body[:length], body[length + 2 :]
    return plain


def framed(head: bytes, body: bytes, *framing: bytes) -> bytes:
    """A message with these headers for its framing, whatever they say of the body; its own are taken out."""
    return b"\r\n".join([without(head, b"content-length", b"transfer-encoding"), *framing]) + _END + body


def without(head: bytes, *names: bytes) -> bytes:
    first, *lines = head.split(b"\r\n")
    return b"\r\n".join([first, *(line for line in lines if line.partition(b":")[0].lower() not in names)])


def with_length(head: bytes, body: bytes) -> bytes:
    """A message as it should be."""
    return framed(head, body, b"Content-Length: %d" % len(body))


def announced(head: bytes, fate: bytes) -> bytes:
    """A head that says `Connection: close`, or keep-alive."""
    return re.sub(rb"(?i)\r\nconnection: [^\r]*", b"\r\nConnection: " + fate, head)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
