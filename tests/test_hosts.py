"""Where a gateway is, and by what it is known, as people write it."""

import socket

import pytest

from envoy_exporter.config.hosts import parse
from envoy_exporter.config.values import fingerprint

INDEX, INTERFACE = socket.if_nameindex()[0]


@pytest.mark.parametrize(
    ("written", "address", "port"),
    [
        ("envoy.local", "envoy.local", None),
        ("192.168.1.20:443", "192.168.1.20", 443),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:80", "::1", 80),
        (f"fe80::1%{INTERFACE}", f"fe80::1%{INTERFACE}", None),
        (f"[fe80::1%{INTERFACE}]:80", f"fe80::1%{INTERFACE}", 80),
        (f"fe80::1%{INDEX}", f"fe80::1%{INDEX}", None),
        ("my_envoy", "my_envoy", None),
    ],
)
def test_hosts(written: str, address: str, port: int | None) -> None:
    assert (parse(written).address, parse(written).port) == (address, port)


@pytest.mark.parametrize(
    "written",
    [
        "http://10.0.0.5",
        "10.0.0.5/",
        "10.0.0.5\\@evil",
        "user@envoy",
        "127.1",
        "0x7f000001",
        "0x7f.1",
        "1",
        "10.0.0.256",
        "a b",
        "a:99999",
        "a:b",
        "[::1",
        "::1]",
        "[1.2.3.4]",
        "::g",
        "fe80::1%",
        "fe80::1%a/b",
        "-a",
        "a..b",
        "é",
        "a" * 64,
        "a?b",
        "a#b",
    ],
)
def test_what_is_no_plain_host_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(written)


@pytest.mark.parametrize("written", ["http://envoy:hunter2@10.0.0.1", "envoy:hunter2@10.0.0.1", "hunter2@a"])
def test_a_password_in_a_host_is_not_repeated(written: str) -> None:
    with pytest.raises(ValueError, match="write the host alone") as met:
        parse(written)
    assert "hunter2" not in str(met.value)


def test_a_fingerprint_is_taken_as_openssl_prints_it() -> None:
    assert fingerprint("sha256 Fingerprint=" + ":".join(["AB"] * 32)) == b"\xab" * 32


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("fe80::1", "is link-local and needs a zone"),
        ("[fe80::1]:8443", "is link-local and needs a zone"),
        ("febf::1", "is link-local and needs a zone"),
        (f"fe80::1%25{INTERFACE}", f"write fe80::1%{INTERFACE}"),
        ("fe80::1%no-such0", "unknown zone no-such0"),
        ("[fe80::1%no-such0]:8443", "unknown zone no-such0"),
        ("fe80::1%4294967295", "unknown zone 4294967295"),
        ("fe80::1%99999999999999999999", "unknown zone 9999"),
    ],
)
def test_host_link_local_that_cannot_be_reached_is_rejected(written: str, problem: str) -> None:
    """The resolver takes the first three for any interface, and connect() then fails; it knows none of the others."""
    with pytest.raises(ValueError, match="zone") as error:
        parse(written)
    assert problem in str(error.value)
    assert all(name in str(error.value) for _, name in socket.if_nameindex())


def test_host_zone_on_other_address_is_rejected() -> None:
    """glibc resolves a zone by name for link-local addresses only."""
    with pytest.raises(ValueError, match="write fd00::1 without a zone"):
        parse(f"fd00::1%{INTERFACE}")


def test_host_link_local_in_sandbox_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """RestrictAddressFamilies of systemd forbids netlink, which lists interfaces; a lookup does not need it."""

    def forbidden() -> None:
        raise OSError

    monkeypatch.setattr(socket, "if_nameindex", forbidden)
    assert parse(f"fe80::1%{INTERFACE}").address == f"fe80::1%{INTERFACE}"
    with pytest.raises(ValueError, match="unknown zone no-such0"):
        parse("fe80::1%no-such0")
