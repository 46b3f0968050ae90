"""The field reader, method by method."""

import math

import pytest

from envoy_exporter.fields import FieldReader, by_serial, scaled


def reader(**fields: object) -> FieldReader:
    return FieldReader(fields, "/endpoint")


def rules(reader: FieldReader) -> list[str]:
    """The rules that rejected values of the object, one for each value."""
    assert {rejection.endpoint for rejection in reader.rejections} <= {"/endpoint"}
    assert {rejection.key for rejection in reader.rejections} <= {*reader.fields, ""}
    return [rejection.rule for rejection in reader.rejections]


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
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
def test_a_number(value: object, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.number("x") == taken
    assert rules(fields) == rejected


def test_a_missing_number_is_no_rejection() -> None:
    fields = reader()
    assert fields.number("x") is None
    assert rules(fields) == []


def test_minus_zero_is_zero() -> None:
    taken = reader(x=-0.0).number("x")
    assert taken is not None
    assert math.copysign(1, taken) == 1


def test_bounds_are_within() -> None:
    fields = reader(zero=0, one=1, below=-0.001)
    assert fields.number("zero", low=0) == 0
    assert fields.number("one", high=1) == 1
    assert rules(fields) == []
    assert fields.number("below", low=0) is None
    assert rules(fields) == ["range"]


def test_dividing_keeps_what_multiplying_spoils() -> None:
    assert scaled(40352.0, divided=1000) == 40.352
    assert scaled(None, 3600) is None


@pytest.mark.parametrize(
    ("value", "taken", "rejected"), [(True, True, []), (1, None, ["type"]), ("true", None, ["type"])]
)
def test_a_flag(value: object, taken: bool | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.flag("x") is taken
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
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
def test_an_instant(value: object, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.timestamp("x") == taken
    assert rules(fields) == rejected


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
    assert reader(x=value).text("x") == taken


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
    fields = reader(x=value)
    assert fields.serial("x") == taken
    assert rules(fields) == ([] if taken else ["label"])


def test_devices_are_told_apart_by_their_serials() -> None:
    fields = reader(devices=[{"s": "1"}, {"s": "2"}, {"s": "1"}, {"s": ""}, None, {}])
    found = list(by_serial(fields.objects("devices"), "s"))
    assert [name for name, _ in found] == ["1", "2"]
    assert [rejection.rule for rejection in fields.rejections] == ["duplicate", "label", "type", "label"]


def test_something_else_where_a_list_belongs_is_rejected_once() -> None:
    fields = reader(devices={"error": "busy"}, others=None)
    assert list(fields.objects("devices")) == []
    assert list(fields.objects("others")) == []
    assert rules(fields) == ["type"]


def test_phases_have_their_places() -> None:
    fields = reader(lines=[{"w": 1}, "x", {"w": 3}, {"w": 4}])
    assert [(name, line.number("w")) for name, line in fields.phases("lines", 3)] == [("L1", 1), ("L3", 3)]
    assert rules(fields) == ["type"]


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
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
def test_a_switch_is_closed_or_it_is_not_or_nobody_knows(value: object, taken: object, rejected: list[str]) -> None:
    fields = reader(s=value)
    assert fields.is_one_of("s", ("closed", "close")) is taken
    assert fields.is_one_of("missing", ("closed",)) is None
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
    [(0, 0.0, []), (54, 0.54, []), (100, 1.0, []), (101, None, ["range"]), (-1, None, ["range"])],
)
def test_a_percentage_is_a_ratio(value: int, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.ratio("x") == taken
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
    [(3, 3, []), (3.0, 3, []), (2.5, None, ["type"]), (True, None, ["type"]), (10**400, None, ["range"])],
)
def test_a_whole_number(value: object, taken: int | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.integer("x", low=1, high=3) == taken
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
    [
        ([], set(), []),
        (["a", "b", "a"], {"a", "b"}, []),
        (["a", None, 1], None, ["type"]),
        (None, None, []),
        ("a", None, ["type"]),
        ({"a": 1}, None, ["type"]),
    ],
)
def test_the_words_of_a_list(value: object, taken: set[str] | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.words("x") == taken
    assert rules(fields) == rejected
    assert fields.words("missing") is None


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
    [
        (40_352, 40.352, []),
        (0, 0.0, []),
        (-1, None, ["range"]),
        ("1", None, ["type"]),
    ],
)
def test_thousandths_are_divided_and_not_negative(value: object, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.thousandths("x") == taken
    assert rules(fields) == rejected


def test_thousandths_with_a_lower_bound_may_be_negative() -> None:
    assert reader(x=-1500).thousandths("x", low=-2000) == -1.5


@pytest.mark.parametrize(
    ("value", "taken", "rejected"), [(2, 7200.0, []), (-1, None, ["range"]), (True, None, ["type"])]
)
def test_watt_hours_are_joules(value: object, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.watt_hours("x") == taken
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "taken", "rejected"),
    [
        (4_294_967_292, -4.0, []),
        (100_000, 100_000.0, []),
        (-100_000, -100_000.0, []),
        (100_001, None, ["range"]),
        (2**31, None, ["range"]),
        (2**32, None, ["range"]),
    ],
)
def test_watts_may_be_printed_as_unsigned(value: int, taken: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.watts("x") == taken
    assert rules(fields) == rejected


@pytest.mark.parametrize(("value", "taken"), [(-101, None), (-100, -100.0), (200, 200.0), (201, None)])
def test_celsius_outside_of_the_range_is_rejected(value: int, taken: float | None) -> None:
    assert reader(x=value).celsius("x") == taken


@pytest.mark.parametrize(("value", "taken"), [(32, 0.0), (212, 100.0), (-149, None), (393, None)])
def test_fahrenheit_is_converted_to_celsius(value: int, taken: float | None) -> None:
    assert reader(x=value).fahrenheit("x") == taken


def test_timestamp_ahead_of_the_latest_is_rejected() -> None:
    fields = FieldReader({"x": 1_781_000_001}, "/endpoint", latest=1_781_000_000)
    assert fields.timestamp("x") is None
    assert rules(fields) == ["clock"]
    assert fields.timestamp("x", latest=1_781_000_001) == 1_781_000_001


def test_raw_number_rejects_nothing() -> None:
    fields = reader(x="5", y=5)
    assert (fields.raw_number("x"), fields.raw_number("y"), fields.raw_number("missing")) == (None, 5.0, None)
    assert rules(fields) == []


def test_entry_of_a_path_shares_endpoint_rejections_and_latest() -> None:
    fields = FieldReader({"a": {"b": {"x": "5"}}, "c": 1}, "/endpoint", latest=7)
    inner = fields.entry("a", "b")
    assert inner.number("x") is None
    assert (inner.endpoint, inner.latest, fields.rejections) == ("/endpoint", 7, [("/endpoint", "type", "x")])
    assert not fields.entry("c", "d")
