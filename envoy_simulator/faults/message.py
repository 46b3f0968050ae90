"""HTTP messages as bytes: functions for the faults that change the message."""

import re
from collections.abc import Callable, Iterable

from envoy_simulator.steps import Step, Steps

_END = b"\r\n\r\n"


def replace_message(steps: Steps, change: Callable[[bytes, bytes], Iterable[Step]]) -> Steps:
    """The steps, with the response replaced by `change` of its head (without the empty line) and its body."""
    first = next(steps, None)
    if isinstance(first, bytes) and _END in first:
        head, _, body = first.partition(_END)
        yield from change(head, body)
    elif first is not None:
        yield first
    yield from steps


def without_chunks(head: bytes, body: bytes) -> bytes:
    """The body without its framing."""
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        plain, body = plain + body[:length], body[length + 2 :]
    return plain


def with_framing(head: bytes, body: bytes, *framing: bytes) -> bytes:
    """A message with these framing headers instead of its own, even if they do not match the body."""
    return b"\r\n".join([without_headers(head, b"content-length", b"transfer-encoding"), *framing]) + _END + body


def without_headers(head: bytes, *names: bytes) -> bytes:
    first, *lines = head.split(b"\r\n")
    return b"\r\n".join([first, *(line for line in lines if line.partition(b":")[0].lower() not in names)])


def with_length(head: bytes, body: bytes) -> bytes:
    """A message with the correct Content-Length."""
    return with_framing(head, body, b"Content-Length: %d" % len(body))


def with_connection(head: bytes, value: bytes) -> bytes:
    """The head with another value of the header Connection: close or keep-alive."""
    return re.sub(rb"(?i)\r\nconnection: [^\r]*", b"\r\nConnection: " + value, head)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
