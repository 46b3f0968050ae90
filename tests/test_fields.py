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
    ("value", "expected", "rejected"),
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
def test_number_returns_finite_numbers_only(value: object, expected: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.number("x") == expected
    assert rules(fields) == rejected


def test_number_of_a_missing_key_rejects_nothing() -> None:
    fields = reader()
    assert fields.number("x") is None
    assert rules(fields) == []


def test_number_of_minus_zero_is_zero() -> None:
    expected = reader(x=-0.0).number("x")
    assert expected is not None
    assert math.copysign(1, expected) == 1


def test_number_equal_to_a_bound_is_accepted() -> None:
    fields = reader(zero=0, one=1, below=-0.001)
    assert fields.number("zero", low=0) == 0
    assert fields.number("one", high=1) == 1
    assert rules(fields) == []
    assert fields.number("below", low=0) is None
    assert rules(fields) == ["range"]


def test_scaled_divides_without_a_rounding_error() -> None:
    assert scaled(40352.0, divided=1000) == 40.352
    assert scaled(None, 3600) is None


@pytest.mark.parametrize(
    ("value", "expected", "rejected"), [(True, True, []), (1, None, ["type"]), ("true", None, ["type"])]
)
def test_flag_returns_booleans_only(value: object, expected: bool | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.flag("x") is expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
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
def test_timestamp_outside_of_2000_to_2100_is_rejected(
    value: object, expected: float | None, rejected: list[str]
) -> None:
    fields = reader(x=value)
    assert fields.timestamp("x") == expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Wallbox\n\x1b[31m red", "Wallbox[31m red"),
        ("a\u2028b\ud800c\x00", "abc"),
        ("x" * 100, "x" * 64),
        ("  kettle ", "kettle"),
    ],
)
def test_text_has_no_control_characters(value: str, expected: str) -> None:
    assert reader(x=value).text("x") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
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
def test_serial_is_unchanged_or_rejected(value: object, expected: str | None) -> None:
    fields = reader(x=value)
    assert fields.serial("x") == expected
    assert rules(fields) == ([] if expected else ["label"])


def test_by_serial_rejects_duplicate_and_invalid_serials() -> None:
    fields = reader(devices=[{"s": "1"}, {"s": "2"}, {"s": "1"}, {"s": ""}, None, {}])
    found = list(by_serial(fields.objects("devices"), "s"))
    assert [name for name, _ in found] == ["1", "2"]
    assert [rejection.rule for rejection in fields.rejections] == ["duplicate", "label", "type", "label"]


def test_objects_of_another_value_than_a_list_rejects_once() -> None:
    fields = reader(devices={"error": "busy"}, others=None)
    assert list(fields.objects("devices")) == []
    assert list(fields.objects("others")) == []
    assert rules(fields) == ["type"]


def test_phases_are_numbered_by_their_places() -> None:
    fields = reader(lines=[{"w": 1}, "x", {"w": 3}, {"w": 4}])
    assert [(name, line.number("w")) for name, line in fields.phases("lines", 3)] == [("L1", 1), ("L3", 3)]
    assert rules(fields) == ["type"]


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
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
def test_is_one_of_an_unknown_word_is_none(value: object, expected: object, rejected: list[str]) -> None:
    fields = reader(s=value)
    assert fields.is_one_of("s", ("closed", "close")) is expected
    assert fields.is_one_of("missing", ("closed",)) is None
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
    [(0, 0.0, []), (54, 0.54, []), (100, 1.0, []), (101, None, ["range"]), (-1, None, ["range"])],
)
def test_ratio_of_a_percentage_is_from_0_to_1(value: int, expected: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.ratio("x") == expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
    [(3, 3, []), (3.0, 3, []), (2.5, None, ["type"]), (True, None, ["type"]), (10**400, None, ["range"])],
)
def test_integer_rejects_fractions(value: object, expected: int | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.integer("x", low=1, high=3) == expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
    [
        ([], set(), []),
        (["a", "b", "a"], {"a", "b"}, []),
        (["a", None, 1], None, ["type"]),
        (None, None, []),
        ("a", None, ["type"]),
        ({"a": 1}, None, ["type"]),
    ],
)
def test_words_of_a_list_with_another_value_is_none(
    value: object, expected: set[str] | None, rejected: list[str]
) -> None:
    fields = reader(x=value)
    assert fields.texts("x") == expected
    assert rules(fields) == rejected
    assert fields.texts("missing") is None


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
    [
        (40_352, 40.352, []),
        (0, 0.0, []),
        (-1, None, ["range"]),
        ("1", None, ["type"]),
    ],
)
def test_thousandths_are_divided_and_not_negative(value: object, expected: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.thousandths("x") == expected
    assert rules(fields) == rejected


def test_thousandths_with_a_lower_bound_may_be_negative() -> None:
    assert reader(x=-1500).thousandths("x", low=-2000) == -1.5


@pytest.mark.parametrize(
    ("value", "expected", "rejected"), [(2, 7200.0, []), (-1, None, ["range"]), (True, None, ["type"])]
)
def test_watt_hours_are_joules(value: object, expected: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.watt_hours("x") == expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(
    ("value", "expected", "rejected"),
    [
        (4_294_967_292, -4.0, []),
        (100_000, 100_000.0, []),
        (-100_000, -100_000.0, []),
        (100_001, None, ["range"]),
        (2**31, None, ["range"]),
        (2**32, None, ["range"]),
    ],
)
def test_watts_sent_as_unsigned_are_negative(value: int, expected: float | None, rejected: list[str]) -> None:
    fields = reader(x=value)
    assert fields.watts("x") == expected
    assert rules(fields) == rejected


@pytest.mark.parametrize(("value", "expected"), [(-101, None), (-100, -100.0), (200, 200.0), (201, None)])
def test_celsius_outside_of_the_range_is_rejected(value: int, expected: float | None) -> None:
    assert reader(x=value).celsius("x") == expected


@pytest.mark.parametrize(("value", "expected"), [(32, 0.0), (212, 100.0), (-149, None), (393, None)])
def test_fahrenheit_is_converted_to_celsius(value: int, expected: float | None) -> None:
    assert reader(x=value).fahrenheit("x") == expected


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
