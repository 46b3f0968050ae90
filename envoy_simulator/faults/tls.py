"""Faults of TLS: certificates, versions, handshakes, farewells."""

import ssl
from collections.abc import Callable
from typing import Literal
from warnings import catch_warnings, simplefilter

from envoy_simulator.certificate import self_signed
from envoy_simulator.faults.fault import Acts, Needs, Occasion, fault
from envoy_simulator.steps import Beneath, Close, Heard, Pause, Silence, Step, Steps

_TLS = (Needs.TLS,)
_ANOTHER = "122299999999"
_ALERT = b"\x15\x03\x03\x00\x02\x02\x50"
"""A fatal internal_error, in the clear."""

_CLIENTS_ERROR = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
    b"<h1>400 Bad Request</h1>"
)


@fault(Acts.TLS, "nothing", "another certificate than before; a client that pinned that one loses all", needs=_TLS)
def certificate(
    at: Occasion,
    _: ssl.SSLContext | None,
    *,
    kind: Literal["self-signed", "expired", "not-yet-valid", "another-gateway"] = "self-signed",
) -> ssl.SSLContext:
    serial = _ANOTHER if kind == "another-gateway" else at.site.serial
    years = {"expired": (2001, 2002), "not-yet-valid": (2090, 2099)}.get(kind, (2020, 2060))
    return _kept(at, lambda: self_signed(serial, at.host, years=years))


@fault(Acts.TLS, "gateway", "a certificate with a key of 1024 bits", needs=_TLS)
def weak_key(at: Occasion, _: ssl.SSLContext | None) -> ssl.SSLContext:
    return _kept(at, lambda: self_signed(at.site.serial, at.host, key="weak"))


@fault(Acts.TLS, "gateway", "it speaks no later TLS than that", needs=_TLS)
def old_tls(at: Occasion, _: ssl.SSLContext | None, *, version: Literal["1.0", "1.1"] = "1.1") -> ssl.SSLContext:
    def make() -> ssl.SSLContext:
        context = self_signed(at.site.serial, at.host)
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)  # that it is old is the point of it
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1 if version == "1.0" else ssl.TLSVersion.TLSv1_1
        return context

    return _kept(at, make)


@fault(Acts.TLS, "gateway", "it speaks TLS 1.2 with the cipher AES128-SHA, and nothing else", needs=_TLS)
def weak_cipher(at: Occasion, _: ssl.SSLContext | None) -> ssl.SSLContext:
    def make() -> ssl.SSLContext:
        context = self_signed(at.site.serial, at.host, key="rsa")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-SHA:@SECLEVEL=0")
        return context

    return _kept(at, make)


@fault(Acts.CONNECTION, "gateway", "the handshake is heard and never answered", needs=_TLS)
def silent_handshake(_: Occasion) -> Steps:
    yield Silence()


@fault(Acts.CONNECTION, "gateway", "the handshake is answered byte by byte, without end", needs=_TLS)
def drip_handshake(_: Occasion, *, pause: float = 0.25) -> Steps:
    yield Heard()
    # A record of 16 KiB with a ServerHello just as long: a client has to wait for all of it.
    for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(16384):
        yield bytes([byte])
        yield Pause(pause)


@fault(Acts.CONNECTION, "gateway", "plain HTTP where TLS should be", needs=_TLS)
def plain(_: Occasion) -> Steps:
    yield Heard()
    yield _CLIENTS_ERROR
    yield Close()


@fault(Acts.WIRE, "endpoint", "TLS ends in the middle of the body: with no farewell, or with an alert", needs=_TLS)
def broken_tls(_: Occasion, steps: Steps, *, kind: Literal["no-farewell", "alert"] = "no-farewell") -> Steps:
    for step in steps:
        if isinstance(step, bytes):
            yield step[: (len(step) + step.find(b"\r\n\r\n") + 4) // 2]
            break
        yield step
    last: Step = Close(goodbye=False)
    if kind == "alert":
        yield Beneath(_ALERT)
        last = Close()
    yield last


def _kept(at: Occasion, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """One context for as long as the fault is on: the certificate of a gateway does not change by the minute."""
    if "context" not in at.memory:
        at.memory["context"] = make()
    context: ssl.SSLContext = at.memory["context"]
    return context
