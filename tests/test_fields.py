"""The careful hands, one by one."""

import math

import pytest

from envoy_exporter.fields import (
    devices,
    flag,
    instant,
    integer,
    number,
    percent,
    phases,
    says,
    scaled,
    serial,
    text,
    words,
)

MISSING: dict[str, object] = {}
KEYS = {"x", "s", ""}


class Rejected(list[str]):
    """Collects the rules."""

    def __call__(self, rule: str, key: str) -> None:
        assert key in KEYS
        self.append(rule)


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [
        (5, 5.0, []),
        (-0.5, -0.5, []),
        (True, None, ["type"]),
        ("5", None, ["type"]),
        (None, None, ["type"]),
        ([], None, ["type"]),
        ({}, None, ["type"]),
        (math.nan, None, ["type"]),
        (math.inf, None, ["range"]),
        (10**400, None, ["range"]),
        (1e13, None, ["range"]),
    ],
)
def test_a_number(value: object, taken: float | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert number({"x": value}, "x", rejected) == taken
    assert rejected == rules


def test_a_missing_number_is_no_rejection() -> None:
    rejected = Rejected()
    assert number(MISSING, "x", rejected) is None
    assert rejected == []


def test_minus_zero_is_zero() -> None:
    taken = number({"x": -0.0}, "x", Rejected())
    assert taken is not None
    assert math.copysign(1, taken) == 1


def test_bounds_are_within() -> None:
    rejected = Rejected()
    assert number({"x": 0}, "x", rejected, low=0) == 0
    assert number({"x": 1}, "x", rejected, high=1) == 1
    assert rejected == []
    assert number({"x": -0.001}, "x", rejected, low=0) is None
    assert rejected == ["range"]


def test_dividing_keeps_what_multiplying_spoils() -> None:
    assert scaled(40352.0, divided=1000) == 40.352
    assert scaled(None, 3600) is None


@pytest.mark.parametrize(("value", "taken", "rules"), [(True, True, []), (1, None, ["type"]), ("true", None, ["type"])])
def test_a_flag(value: object, taken: bool | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert flag({"x": value}, "x", rejected) is taken
    assert rejected == rules


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [
        (1_781_000_000, 1_781_000_000.0, []),
        ("1781000000", 1_781_000_000.0, []),
        (1_781_000_000.0, 1_781_000_000.0, []),
        (0, None, []),
        ("0", None, []),
        (12, None, ["clock"]),
        (-1, None, ["clock"]),
        (99_999_999_999, None, ["clock"]),
        ("2026-01-01", None, ["type"]),
    ],
)
def test_an_instant(value: object, taken: float | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert instant({"x": value}, "x", rejected) == taken
    assert rejected == rules


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("Wallbox\n\x1b[31m red", "Wallbox[31m red"),
        ("a\u2028b\ud800c\x00", "abc"),
        ("x" * 100, "x" * 64),
        ("  kettle ", "kettle"),
    ],
)
def test_a_text_is_clean(value: str, taken: str) -> None:
    assert text({"x": value}, "x", Rejected()) == taken


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("122012345678", "122012345678"),
        (122012345678, "122012345678"),
        ("012", "012"),
        ("", None),
        ("a b", None),
        ("12\n", None),
        ("x" * 33, None),
        (True, None),
        (1.5, None),
        (10**400, None),
    ],
)
def test_a_serial_is_taken_as_it_is_or_rejected(value: object, taken: str | None) -> None:
    rejected = Rejected()
    assert serial({"x": value}, "x", rejected) == taken
    assert rejected == ([] if taken else ["label"])


def test_devices_are_told_apart_by_their_serials() -> None:
    rejected = Rejected()
    found = list(devices([{"s": "1"}, {"s": "2"}, {"s": "1"}, {"s": ""}, None, {}], "s", rejected))
    assert [name for name, _ in found] == ["1", "2"]
    assert rejected == ["duplicate", "label", "type", "label"]


def test_something_else_where_a_list_belongs_is_rejected_once() -> None:
    rejected = Rejected()
    assert list(devices({"error": "busy"}, "s", rejected)) == []
    assert list(devices(None, "s", rejected)) == []
    assert rejected == ["type"]


def test_phases_have_their_places() -> None:
    rejected = Rejected()
    found = phases([{"w": 1}, "x", {"w": 3}, {"w": 4}], 3, rejected)
    assert [(name, fields["w"]) for name, fields in found] == [("L1", 1), ("L3", 3)]
    assert rejected == ["type"]


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [
        ("closed", True, []),
        ("close", True, []),
        ("open", False, []),
        ("Closed", False, []),
        ("unknown", None, []),
        ("", None, []),
        (None, None, []),
        (1, None, ["type"]),
    ],
)
def test_a_switch_is_closed_or_it_is_not_or_nobody_knows(value: object, taken: object, rules: list[str]) -> None:
    rejected = Rejected()
    assert says({"s": value}, "s", ("closed", "close"), rejected) is taken
    assert says(MISSING, "s", ("closed",), rejected) is None
    assert rejected == rules


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [(0, 0.0, []), (54, 0.54, []), (100, 1.0, []), (101, None, ["range"]), (-1, None, ["range"])],
)
def test_a_percentage_is_a_ratio(value: int, taken: float | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert percent({"x": value}, "x", rejected) == taken
    assert rejected == rules


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [(3, 3, []), (3.0, 3, []), (2.5, None, ["type"]), (True, None, ["type"]), (10**400, None, ["range"])],
)
def test_a_whole_number(value: object, taken: int | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert integer({"x": value}, "x", rejected, low=1, high=3) == taken
    assert rejected == rules


@pytest.mark.parametrize(
    ("value", "taken", "rules"),
    [
        ([], set(), []),
        (["a", "b", "a"], {"a", "b"}, []),
        (["a", None, 1], None, ["type"]),
        (None, None, []),
        ("a", None, ["type"]),
        ({"a": 1}, None, ["type"]),
    ],
)
def test_the_words_of_a_list(value: object, taken: set[str] | None, rules: list[str]) -> None:
    rejected = Rejected()
    assert words({"x": value}, "x", rejected) == taken
    assert rejected == rules
    assert words(MISSING, "x", rejected) is None
