"""The host of a gateway: a name, an IPv4 address, or an IPv6 address with or without brackets; and a port."""

import ipaddress
import re
import socket
from dataclasses import dataclass

from .yaml_source import invalid

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::(\d+))?")
_PORT = re.compile(r"([^:]+)(?::(\d+))?")
_MAX_PORT = 65535
_EXAMPLES = "use a name or an address, such as 192.168.1.20 or envoy.lan:8443"


@dataclass(frozen=True, slots=True)
class Host:
    """`written` is the text of the config; `address` is a name, or an address without brackets."""

    written: str
    address: str
    port: int | None


def parse(written: str) -> Host:
    r"""Raises ValueError, whose message is for the user.

    Anything but a plain name or address is rejected: a URL library reads the host evil from `http://10.0.0.5\@evil/`,
    and the resolver reads 0x7f000001 as this machine.
    """
    if "@" in written or "://" in written:  # the value is not repeated: it may contain a password
        raise ValueError(f"invalid host: URLs and user names are not supported; {_EXAMPLES}")
    if match := _BRACKETS.fullmatch(written):
        return Host(written, _ipv6(match[1]), _port(match[2]))
    if written.count(":") > 1:
        return Host(written, _ipv6(written), None)
    match = _PORT.fullmatch(written)
    if match is None:
        raise ValueError(f"{invalid('host', written)}; {_EXAMPLES}")
    return Host(written, _name(match[1]), _port(match[2]))


def _ipv6(text: str) -> str:
    address, percent, zone = text.partition("%")
    try:
        is_link_local = ipaddress.IPv6Address(address).is_link_local
    except ValueError:
        raise ValueError(f"{invalid('IPv6 address', text)}; use an address such as fd00::20") from None
    if is_link_local:
        _check_zone(address, zone)
    elif percent:
        raise ValueError(f"invalid zone: {address} is not link-local (fe80::/10); use {address} without a zone")
    return text


def _check_zone(address: str, zone: str) -> None:
    """A link-local address exists on every interface, and the zone names the interface. Raises ValueError."""
    if not re.fullmatch(r"[0-9A-Za-z_.-]{1,32}", zone):
        message = f"missing zone: {address} is link-local; append the interface that leads to the gateway"
        raise ValueError(f"{message}, such as {address}%eth0{_interfaces()}")
    if not _is_interface(zone):
        decoded = zone.removeprefix("25")
        is_encoded = decoded not in {"", zone}
        advice = f"%25 is for URLs, use {address}%{decoded}" if is_encoded else "use an interface of this machine"
        raise ValueError(f"unknown zone {zone} in {address}%{zone}; {advice}{_interfaces()}")


def _is_interface(zone: str) -> bool:
    """Whether the resolver knows this zone: an interface's name, or its number as `ip link` shows it."""
    try:
        return bool(socket.if_indextoname(int(zone)) if zone.isdecimal() else socket.if_nametoindex(zone))
    except (OSError, OverflowError):
        return False


def _interfaces() -> str:
    """The names of the interfaces for an error; empty if a sandbox forbids listing them."""
    try:
        return f" (interfaces: {', '.join(name for _, name in socket.if_nameindex())})"
    except OSError:
        return ""


def _name(text: str) -> str:
    if "/" in text:
        raise ValueError(f"{invalid('host', text)}: URLs and paths are not supported; {_EXAMPLES}")
    last = text.rstrip(".").rpartition(".")[2]
    if re.fullmatch(r"\d+|0[xX][0-9A-Fa-f]*", last):
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise ValueError(f"{invalid('IPv4 address', text)}; it must have four numbers from 0 to 255") from None
    if not _NAME.fullmatch(text) or len(text) > 253:  # noqa: PLR2004
        raise ValueError(f"{invalid('host name', text)}; {_EXAMPLES}")
    return text


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 1 <= int(text[:6]) <= _MAX_PORT:
        raise ValueError(f"port {text} is out of range; use 1 to {_MAX_PORT}")
    return int(text)
