"""Addresses that people write: a name, IPv4, or IPv6 with or without brackets; and a port. Nothing else passes."""

import ipaddress
import re
import socket
from dataclasses import dataclass

from .yaml_source import quoted

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::(\d+))?")
_PORT = re.compile(r"([^:]+)(?::(\d+))?")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Host:
    """`written` as the user did; `address` is a name or an address without brackets."""

    written: str
    address: str
    port: int | None


def parse(written: str) -> Host:
    r"""Raises ValueError, in words for the user.

    A URL library takes `http://10.0.0.5\@evil/` for the host evil, and the resolver 0x7f000001 for this machine:
    what is no plain name or address is refused here.
    """
    if "@" in written or "://" in written:  # not repeated: there may be a password in it
        raise ValueError("is a URL, or names a user; write the host alone, such as 192.168.1.20 or envoy.lan:8443")
    if match := _BRACKETS.fullmatch(written):
        return Host(written, _six(match[1]), _port(match[2]))
    if written.count(":") > 1:
        return Host(written, _six(written), None)
    match = _PORT.fullmatch(written)
    if match is None:
        raise ValueError(
            f"{quoted(written)} is no host; write a name or an address, such as 192.168.1.20 or envoy.lan:8443"
        )
    return Host(written, _name(match[1]), _port(match[2]))


def _six(text: str) -> str:
    address, percent, zone = text.partition("%")
    try:
        is_link_local = ipaddress.IPv6Address(address).is_link_local
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an IPv6 address; write one such as fd00::20") from None
    if is_link_local:
        _check_zone(address, zone)
    elif percent:
        raise ValueError(f"invalid zone: {address} is not link-local (fe80::/10); write {address} without a zone")
    return text


def _check_zone(address: str, zone: str) -> None:
    """A link-local address exists on every interface, and the zone names the one. Raises ValueError."""
    if not re.fullmatch(r"[0-9A-Za-z_.-]{1,32}", zone):
        words = f"{address} is link-local and needs a zone: append the interface that leads to the gateway"
        raise ValueError(f"{words}, such as {address}%eth0{_interfaces()}")
    if not _is_interface(zone):
        decoded = zone.removeprefix("25")
        is_encoded = decoded not in {"", zone}
        advice = f"%25 is for URLs, write {address}%{decoded}" if is_encoded else "write an interface of this machine"
        raise ValueError(f"unknown zone {zone} in {address}%{zone}; {advice}{_interfaces()}")


def _is_interface(zone: str) -> bool:
    """Whether the resolver would know this zone: a name, or a number as `ip link` shows it."""
    try:
        return bool(socket.if_indextoname(int(zone)) if zone.isdecimal() else socket.if_nametoindex(zone))
    except (OSError, OverflowError):
        return False


def _interfaces() -> str:
    """For an error; empty where a sandbox forbids to list them."""
    try:
        return f" (interfaces: {', '.join(name for _, name in socket.if_nameindex())})"
    except OSError:
        return ""


def _name(text: str) -> str:
    if "/" in text:
        raise ValueError(f"{quoted(text)} is a URL or a path; write the host alone, without http:// and without a path")
    last = text.rstrip(".").rpartition(".")[2]
    if re.fullmatch(r"\d+|0[xX][0-9A-Fa-f]*", last):
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise ValueError(f"{quoted(text)} is no IPv4 address; it has four numbers from 0 to 255") from None
    if not _NAME.fullmatch(text) or len(text) > 253:  # noqa: PLR2004
        raise ValueError(f"{quoted(text)} is no host name")
    return text


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 1 <= int(text[:6]) <= _HIGHEST_PORT:
        raise ValueError(f"{text} is no port; ports go from 1 to 65535")
    return int(text)
