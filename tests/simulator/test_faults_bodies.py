"""Faults of bodies, as a client receives them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from simulator.raw_client import before_and_during, dial, fetch, header, plain_gateway, receive, request

from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def bodies_before_and_during(
    name: str, target: str = "/ivp/meters", profile: str = "8.3", **options: Any
) -> tuple[bytes, bytes]:
    """The bodies without and with the fault; status and headers do not change."""
    healthy, received = before_and_during(name, target, profile, **options)
    assert received.status == healthy.status == 200
    if b"chunked" in received.head:
        return healthy.body, received.body
    assert header(received, "content-length") == [str(len(received.body))]
    return healthy.body, received.body


def test_body_is_replaced() -> None:
    bodies = {
        kind: bodies_before_and_during("body", kind=kind)[1] for kind in ("empty", "html", "error-401", "error", "err")
    }
    assert bodies["empty"] == b""
    assert b"<!DOCTYPE html" in bodies["html"]
    assert bodies["error-401"] == b"Error: 401"
    assert json.loads(bodies["error"]) == {"error": "busy"}
    assert json.loads(bodies["err"]) == {"err": "404 - Not Found"}


def test_body_is_rejected_by_parsers() -> None:
    healthy, trailing = bodies_before_and_during("body", kind="trailing")
    assert trailing == healthy + b"\n</html>"
    with pytest.raises(RecursionError):
        json.loads(bodies_before_and_during("body", kind="nested")[1])
    with pytest.raises(ValueError, match="4300 digits"):
        json.loads(bodies_before_and_during("body", kind="long-integer")[1])
    with pytest.raises(UnicodeDecodeError):
        bodies_before_and_during("body", kind="latin")[1].decode()
    healthy, wide = bodies_before_and_during("body", kind="utf-16")
    assert wide.decode("utf-16") == healthy.decode()
    healthy, marked = bodies_before_and_during("bom")
    assert marked == b"\xef\xbb\xbf" + healthy


def test_cut_ends_at_a_byte_or_at_random_by_seed() -> None:
    healthy, cut = bodies_before_and_during("cut", byte=17)
    assert cut == healthy[:17]
    with plain_gateway() as gateway, gateway.faults.during("cut", When(seed=3)):
        first = [len(fetch(gateway, "/ivp/meters").body) for _ in range(5)]
    with plain_gateway() as gateway, gateway.faults.during("cut", When(seed=3)):
        assert [len(fetch(gateway, "/ivp/meters").body) for _ in range(5)] == first
    assert len(set(first)) > 2
    assert max(first) < len(healthy)


def test_flipped_inverts_bits() -> None:
    healthy, flipped = bodies_before_and_during("flipped", bits=1)
    assert sum((a ^ b).bit_count() for a, b in zip(healthy, flipped, strict=True)) == 1


@pytest.mark.parametrize("kind", ["NaN", "Infinity", "-Infinity", "1e999", "long"])
def test_number_is_replaced_once(kind: str) -> None:
    healthy, received = bodies_before_and_during("number", kind=kind)
    replacement = b"9" * 400 if kind == "long" else kind.encode()
    assert received.count(replacement) == 1
    begin = received.index(replacement)
    assert healthy.startswith(received[:begin])
    assert healthy.endswith(received[begin + len(replacement) :])
    json.loads(received)  # Python accepts all of them


@pytest.mark.parametrize(
    ("kind", "character"),
    [
        ("surrogate", "\ud800"),
        ("nul", "\0"),
        ("escape", "\x1b"),
        ("newline", "\r\n"),
        ("separator", "\u2028"),
        ("long", "x" * 1_000_000),
    ],
)
def test_text_is_replaced_once(kind: str, character: str) -> None:
    healthy, received = bodies_before_and_during("text", kind=kind)
    before, after = leaves(json.loads(healthy)), leaves(json.loads(received))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert character in changed[0]


def leaves(document: Any) -> list[Any]:
    if isinstance(document, dict):
        return [leaf for value in document.values() for leaf in leaves(value)]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value)]
    return [document]


def test_key_twice_repeats_one_key() -> None:
    healthy, received = bodies_before_and_during("key-twice")
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        doubled.extend(key for key in set(keys) if keys.count(key) == 2)
        return dict(pairs)

    assert json.loads(received, object_pairs_hook=collect) == json.loads(healthy)
    assert len(doubled) == 1


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("cut", lambda body: b"</envoy_info>" not in body and b"<sn>" in body),
        ("html", lambda body: body.startswith(b"<!DOCTYPE html")),
        ("no-device", lambda body: b"<sn>" not in body and b"</envoy_info>" in body),
        ("no-software", lambda body: b"<sn>" in body and b"<software>" not in body),
        ("odd-version", lambda body: b"<software>next</software>" in body),
        ("entities", lambda body: body.startswith(b"<?xml") and b"<!ENTITY b" in body and b"&b;" in body),
        ("huge", lambda body: len(body) > 10 << 20),
        ("nested", lambda body: body.count(b"<a>") == 50_000),
    ],
)
def test_info_fault_affects_info_only(kind: str, fits: Callable[[bytes], bool]) -> None:
    with plain_gateway() as gateway, gateway.faults.during("info", kind=kind):
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            assert fits(receive(connection, most=12 << 20).body)
        assert json.loads(fetch(gateway, "/ivp/meters").body)
