"""Faults of bodies, as a client sees them on the wire."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from simulator.wire import ask, dial, header, hear, plain, request, while_on

from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def body_while_on(name: str, target: str = "/ivp/meters", profile: str = "8.3", **options: Any) -> tuple[bytes, bytes]:
    """Before and during, without the sockets: a status and headers stay as they are."""
    healthy, heard = while_on(name, target, profile, **options)
    assert heard.status == healthy.status == 200
    if b"chunked" in heard.head:
        return healthy.body, heard.body
    assert header(heard, "content-length") == [str(len(heard.body))]
    return healthy.body, heard.body


def test_something_else_in_place_of_the_body() -> None:
    told = {kind: body_while_on("body", kind=kind)[1] for kind in ("empty", "html", "error-401", "error", "err")}
    assert told["empty"] == b""
    assert b"<!DOCTYPE html" in told["html"]
    assert told["error-401"] == b"Error: 401"
    assert json.loads(told["error"]) == {"error": "busy"}
    assert json.loads(told["err"]) == {"err": "404 - Not Found"}


def test_a_body_that_no_parser_likes() -> None:
    healthy, trailing = body_while_on("body", kind="trailing")
    assert trailing == healthy + b"\n</html>"
    with pytest.raises(RecursionError):
        json.loads(body_while_on("body", kind="nested")[1])
    with pytest.raises(ValueError, match="4300 digits"):
        json.loads(body_while_on("body", kind="long-integer")[1])
    with pytest.raises(UnicodeDecodeError):
        body_while_on("body", kind="latin")[1].decode()
    healthy, wide = body_while_on("body", kind="utf-16")
    assert wide.decode("utf-16") == healthy.decode()
    healthy, marked = body_while_on("bom")
    assert marked == b"\xef\xbb\xbf" + healthy


def test_a_body_is_cut_where_it_is_told_or_anywhere_by_the_seed() -> None:
    healthy, cut = body_while_on("cut", byte=17)
    assert cut == healthy[:17]
    with plain() as gateway, gateway.faults.during("cut", When(seed=3)):
        first = [len(ask(gateway, "/ivp/meters").body) for _ in range(5)]
    with plain() as gateway, gateway.faults.during("cut", When(seed=3)):
        assert [len(ask(gateway, "/ivp/meters").body) for _ in range(5)] == first
    assert len(set(first)) > 2
    assert max(first) < len(healthy)


def test_bits_are_turned_over() -> None:
    healthy, flipped = body_while_on("flipped", bits=1)
    assert sum((a ^ b).bit_count() for a, b in zip(healthy, flipped, strict=True)) == 1


@pytest.mark.parametrize("kind", ["NaN", "Infinity", "-Infinity", "1e999", "long"])
def test_one_number_is_none(kind: str) -> None:
    healthy, heard = body_while_on("number", kind=kind)
    told = b"9" * 400 if kind == "long" else kind.encode()
    assert heard.count(told) == 1
    begin = heard.index(told)
    assert healthy.startswith(heard[:begin])
    assert healthy.endswith(heard[begin + len(told) :])
    json.loads(heard)  # Python takes them all


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
def test_one_text_is_bad_for_labels(kind: str, character: str) -> None:
    healthy, heard = body_while_on("text", kind=kind)
    before, after = leaves(json.loads(healthy)), leaves(json.loads(heard))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert character in changed[0]


def leaves(document: Any) -> list[Any]:
    if isinstance(document, dict):
        return [leaf for value in document.values() for leaf in leaves(value)]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value)]
    return [document]


def test_a_key_stands_twice() -> None:
    healthy, heard = body_while_on("key-twice")
    doubled: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        doubled.extend(key for key in set(keys) if keys.count(key) == 2)
        return dict(pairs)

    assert json.loads(heard, object_pairs_hook=note) == json.loads(healthy)
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
def test_info_is_odd_and_nothing_else_is(kind: str, fits: Callable[[bytes], bool]) -> None:
    with plain() as gateway, gateway.faults.during("info", kind=kind):
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            assert fits(hear(connection, most=12 << 20).body)
        assert json.loads(ask(gateway, "/ivp/meters").body)
