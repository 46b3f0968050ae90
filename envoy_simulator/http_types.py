"""A request and its answer, as values: between the sockets of `server` and the documents of a gateway."""

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
"""From this firmware on a gateway speaks HTTPS, demands a token and keeps connections alive."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head; `headers` by lower-case name. A body is never read: nothing that has one is answered.

    `turn`: its number on its connection, from 1.
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
    """A status, headers and a body. Its length, or its chunks, and the fate of the connection are the server's.

    `delivery`: where a fault has its hand in how it goes out, what becomes of the steps of a healthy server.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    chunked: bool = False
    delivery: Callable[[Steps], Steps] | None = None

    def encode(self, *, keep_alive: bool, with_body: bool = True) -> bytes:
        """The bytes on the wire. Header values go out as latin-1, for some hold nonsense (3.9.36_bad_auth)."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append("Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {len(self.body)}")
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
        if not with_body:
            return head
        return head + (_in_chunks(self.body) if self.chunked else self.body)


class Site(Protocol):
    """A gateway without its sockets and its locks: a simulated one, or a capture of a real one."""

    @property
    def serial(self) -> str: ...

    @property
    def firmware(self) -> Version: ...

    @property
    def timezone(self) -> str: ...

    def denial(self, path: str) -> Response | None:
        """What stands there for those without credentials; None if the path is open to everybody."""

    def is_for_installers(self, path: str) -> bool:
        """Is an owner's token refused there."""

    def document(self, request: Request, time: float) -> Response:
        """The answer to a GET, for those who may have it."""


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
