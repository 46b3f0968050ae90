"""Where a gateway is, and by what it is known, as people write it."""

import pytest

from envoy_exporter.config.hosts import parse
from envoy_exporter.config.values import fingerprint


@pytest.mark.parametrize(
    ("written", "address", "port"),
    [
        ("envoy.local", "envoy.local", None),
        ("192.168.1.20:443", "192.168.1.20", 443),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:80", "::1", 80),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
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
