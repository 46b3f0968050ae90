"""Hosts and fingerprints as users write them."""

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
def test_host_valid_has_address_and_port(written: str, address: str, port: int | None) -> None:
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
def test_host_not_a_plain_name_or_address_is_rejected(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(written)


@pytest.mark.parametrize("written", ["http://envoy:hunter2@10.0.0.1", "envoy:hunter2@10.0.0.1", "hunter2@a"])
def test_host_with_user_is_rejected_without_its_password(written: str) -> None:
    with pytest.raises(ValueError, match="not supported") as error:
        parse(written)
    assert "hunter2" not in str(error.value)


def test_fingerprint_printed_by_openssl_is_accepted() -> None:
    assert fingerprint("sha256 Fingerprint=" + ":".join(["AB"] * 32)) == b"\xab" * 32


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("fe80::1", "missing zone"),
        ("[fe80::1]:8443", "missing zone"),
        ("febf::1", "missing zone"),
        (f"fe80::1%25{INTERFACE}", f" fe80::1%{INTERFACE}"),
        ("fe80::1%no-such0", "unknown zone no-such0"),
        ("[fe80::1%no-such0]:8443", "unknown zone no-such0"),
        ("fe80::1%4294967295", "unknown zone 4294967295"),
        ("fe80::1%99999999999999999999", "unknown zone 9999"),
    ],
)
def test_host_link_local_without_usable_zone_is_rejected(written: str, word: str) -> None:
    """The resolver accepts the first three, but connect() fails for lack of an interface; it rejects the others."""
    with pytest.raises(ValueError, match="zone") as error:
        parse(written)
    assert word in str(error.value)
    assert all(name in str(error.value) for _, name in socket.if_nameindex())


def test_host_zone_on_global_address_is_rejected() -> None:
    """glibc resolves a zone by name for link-local addresses only."""
    with pytest.raises(ValueError, match="fd00::1 without a zone"):
        parse(f"fd00::1%{INTERFACE}")


def test_host_link_local_in_sandbox_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """RestrictAddressFamilies of systemd forbids netlink, which lists interfaces; a lookup does not need it."""

    def forbidden() -> None:
        raise OSError

    monkeypatch.setattr(socket, "if_nameindex", forbidden)
    assert parse(f"fe80::1%{INTERFACE}").address == f"fe80::1%{INTERFACE}"
    with pytest.raises(ValueError, match="unknown zone no-such0"):
        parse("fe80::1%no-such0")
