"""Faults of TLS: certificates, versions, handshakes, close_notify."""

import ssl
from collections.abc import Callable
from typing import Literal
from warnings import catch_warnings, simplefilter

from envoy_simulator.certificate import self_signed
from envoy_simulator.faults.fault import FaultContext, Layer, Needs, fault
from envoy_simulator.steps import AwaitData, Close, Pause, RawBytes, Silence, Step, Steps

_TLS = (Needs.TLS,)
_ANOTHER = "122299999999"
_ALERT = b"\x15\x03\x03\x00\x02\x02\x50"
"""A fatal internal_error alert, unencrypted."""

_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
    b"<h1>400 Bad Request</h1>"
)


@fault(
    Layer.TLS,
    "nothing",
    "The gateway has a new certificate; a client that pinned the old one loses everything.",
    needs=_TLS,
)
def certificate(
    context: FaultContext,
    _: ssl.SSLContext | None,
    *,
    kind: Literal["self-signed", "expired", "not-yet-valid", "another-gateway"] = "self-signed",
) -> ssl.SSLContext:
    serial = _ANOTHER if kind == "another-gateway" else context.site.serial
    years = {"expired": (2001, 2002), "not-yet-valid": (2090, 2099)}.get(kind, (2020, 2060))
    return _kept(context, lambda: self_signed(serial, context.host, years=years))


@fault(Layer.TLS, "gateway", "The certificate has an RSA key of 1024 bits.", needs=_TLS)
def weak_key(context: FaultContext, _: ssl.SSLContext | None) -> ssl.SSLContext:
    return _kept(context, lambda: self_signed(context.site.serial, context.host, key="weak"))


@fault(Layer.TLS, "gateway", "The newest TLS version that the gateway supports is `version`.", needs=_TLS)
def old_tls(
    context: FaultContext, _: ssl.SSLContext | None, *, version: Literal["1.0", "1.1"] = "1.1"
) -> ssl.SSLContext:
    def make() -> ssl.SSLContext:
        tls = self_signed(context.site.serial, context.host)
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)  # the old version is intended
            tls.minimum_version = ssl.TLSVersion.TLSv1
            tls.maximum_version = ssl.TLSVersion.TLSv1 if version == "1.0" else ssl.TLSVersion.TLSv1_1
        return tls

    return _kept(context, make)


@fault(Layer.TLS, "gateway", "The gateway supports only TLS 1.2 with the cipher AES128-SHA.", needs=_TLS)
def weak_cipher(context: FaultContext, _: ssl.SSLContext | None) -> ssl.SSLContext:
    def make() -> ssl.SSLContext:
        tls = self_signed(context.site.serial, context.host, key="rsa")
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        tls.set_ciphers("AES128-SHA:@SECLEVEL=0")
        return tls

    return _kept(context, make)


@fault(Layer.CONNECTION, "gateway", "The TLS handshake is read and never gets a response.", needs=_TLS)
def silent_handshake(_: FaultContext) -> Steps:
    yield Silence()


@fault(Layer.CONNECTION, "gateway", "The response to the TLS handshake is sent byte by byte, without end.", needs=_TLS)
def drip_handshake(_: FaultContext, *, pause: float = 0.25) -> Steps:
    yield AwaitData()
    # A record of 16 KiB that contains a ServerHello of the same length: a client has to wait for all of it.
    for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(16384):
        yield bytes([byte])
        yield Pause(pause)


@fault(Layer.CONNECTION, "gateway", "The gateway uses plain HTTP where the client expects TLS.", needs=_TLS)
def plain(_: FaultContext) -> Steps:
    yield AwaitData()
    yield _BAD_REQUEST
    yield Close()


@fault(
    Layer.WIRE,
    "endpoint",
    "TLS ends in the middle of the body, without close_notify or with another alert.",
    needs=_TLS,
)
def broken_tls(_: FaultContext, steps: Steps, *, kind: Literal["no-farewell", "alert"] = "no-farewell") -> Steps:
    for step in steps:
        if isinstance(step, bytes):
            yield step[: (len(step) + step.find(b"\r\n\r\n") + 4) // 2]
            break
        yield step
    last: Step = Close(close_notify=False)
    if kind == "alert":
        yield RawBytes(_ALERT)
        last = Close()
    yield last


def _kept(context: FaultContext, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The same TLS context while the fault is on, because a gateway does not change its certificate all the time."""
    if "tls" not in context.memory:
        context.memory["tls"] = make()
    tls: ssl.SSLContext = context.memory["tls"]
    return tls
