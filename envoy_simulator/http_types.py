"""Requests and responses as values, and the protocol of a gateway that responds to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol, TypeAlias

from envoy_simulator.steps import Steps

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Entry: TypeAlias = "dict[str, Json]"
Headers: TypeAlias = tuple[tuple[str, str], ...]
Version: TypeAlias = tuple[int, ...]

TOKENS_SINCE: Version = (7,)
"""From this firmware on a gateway serves HTTPS, requires a token and keeps connections alive."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; `headers` by lower-case name. The body is never read.

    `turn`: the number of the request on its connection, from 1.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    turn: int = 1

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Response:
    """A status, headers and a body. The server adds the length or the chunks, and the Connection header.

    `delivery`: the function of a fault that replaces the steps of a healthy server; None without such a fault.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    chunked: bool = False
    delivery: Callable[[Steps], Steps] | None = None

    def encode(self, *, keep_alive: bool, with_body: bool = True) -> bytes:
        """The bytes on the wire. Header values are encoded as latin-1, because some are invalid (3.9.36_bad_auth)."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append("Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {len(self.body)}")
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
        if not with_body:
            return head
        return head + (_in_chunks(self.body) if self.chunked else self.body)


class Site(Protocol):
    """A gateway without sockets and authentication: a simulated gateway, or a capture of a real one."""

    @property
    def serial(self) -> str: ...

    @property
    def firmware(self) -> Version: ...

    @property
    def timezone(self) -> str: ...

    def denial(self, path: str) -> Response | None:
        """The response without credentials; None if the path requires none."""

    def is_for_installers(self, path: str) -> bool:
        """Whether the path requires an installer's token."""

    def document(self, request: Request, time: float) -> Response:
        """The response to an authorised GET."""


def version(software: str) -> Version:
    """(8, 3, 5169) for D8.3.5169."""
    return tuple(int(part) for part in software.lstrip("DRM").split(".") if part.isdigit())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _in_chunks(body: bytes, size: int = 4096) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
